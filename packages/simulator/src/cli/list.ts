import { z } from 'zod';
import { scenarioSchema } from '../scenario.ts';
import { scenarios } from '../scenarios/scenarios.ts';
import { strategies } from '../strategies.ts';
import { exits, type Outcome } from './outcome.ts';

/** What there is to run. */
export function list(): Outcome {
  const sets = [...scenarios.values()].map(({ id, sentence }) => [`  ${id}`, sentence]);
  const ways = [...strategies.values()].map(({ name, sentence }) => [`  ${name}`, sentence]);
  const left = (rows: readonly (readonly string[])[]) => {
    const widest = Math.max(...rows.map(([name = '']) => name.length));
    return rows.map(([name = '', sentence = '']) => `${name.padEnd(widest)}  ${sentence}`);
  };
  return {
    exit: exits.ok,
    lines: ['Scenarios', ...left(sets), '', 'Strategies', ...left(ways)],
    json: {
      scenarios: [...scenarios.values()].map(({ id, kind, sentence }) => ({ id, kind, sentence })),
      strategies: [...strategies.values()].map(({ name, sentence }) => ({ name, sentence })),
    },
    csv: [
      ['kind', 'name', 'sentence'],
      ...[...scenarios.values()].map(({ id, sentence }) => ['scenario', id, sentence]),
      ...[...strategies.values()].map(({ name, sentence }) => ['strategy', name, sentence]),
    ],
  };
}

/** The JSON schema of a scenario file. */
export function schema(): Outcome {
  const json = z.toJSONSchema(scenarioSchema, { io: 'input', unrepresentable: 'any' });
  return { exit: exits.ok, lines: [JSON.stringify(json, null, 2)], json };
}
