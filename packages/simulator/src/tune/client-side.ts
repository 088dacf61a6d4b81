import { type PaceOptions, paceDefaults } from '@weir/core/throttle/pace-options';
import { goals } from '../goals.ts';
import { measure } from '../measure.ts';
import { oursWith } from '../ours.ts';
import { runScenario } from '../run.ts';
import type { QuotaScenario } from '../scenario.ts';
import { scenarios } from '../scenarios/scenarios.ts';
import type { Parameter, Side, Vector } from './side.ts';

const firstWait = ['firstWait.from', 'firstWait.to'] as const;

/** The numbers of the pace, in tokens and shares: none of them knows a scenario. */
const parameters: readonly Parameter[] = [
  { name: firstWait[0], least: 0.5, most: 11 },
  { name: firstWait[1], least: 8, most: 16 },
  { name: 'waitGrowth', least: 1.5, most: 6, isLog: true },
  { name: 'typicalPeers', least: 4, most: 20, isLog: true },
  { name: 'referenceTokens', least: 2, most: 11 },
  { name: 'droop', least: 0, most: 3 },
  { name: 'proportional', least: 0.05, most: 2 },
  { name: 'integral', least: 0.01, most: 1, isLog: true },
  { name: 'jitter', least: 0.01, most: 0.1 },
  { name: 'brake', least: 0.4, most: 0.7 },
  { name: 'backoff', least: 1.01, most: 5, isLog: true },
  { name: 'retryFrom', least: 0.1, most: 1 },
  { name: 'follow', least: 0.02, most: 0.4, isLog: true },
  { name: 'leap', least: 0.05, most: 1 },
];

/** A lone sender cannot know that it is alone, so this goal says nothing of the parameters. */
const untold = 'H3-1';

/** The throttle of the SDK without slots, which are the server's to give. */
export function clientSide(only: readonly string[] | undefined, start: Partial<PaceOptions>): Side {
  const held = goals.filter(({ scenario }) => only?.includes(scenario) ?? scenario !== untold);
  const ids = [...new Set(held.map(({ scenario }) => scenario))];
  return {
    name: 'client',
    parameters,
    start: vectorOf({ ...paceDefaults, ...start }),
    aims: held.map(({ scenario, name, atMost }) => ({ scenario, name, atMost: atMost.a })),
    evaluate(vector, seed) {
      const strategy = oursWith({ named: false, pace: paceOf(vector) });
      return ids.flatMap((id) => {
        const result = runScenario(scenarios.get(id) as QuotaScenario, strategy, seed);
        const measures = measure(result);
        return held.filter(({ scenario }) => scenario === id).map(({ of }) => of(result, measures));
      });
    },
  };
}

/** The options that a vector stands for, to four digits after the point. */
export function paceOf(vector: Vector): Partial<PaceOptions> {
  const rounded = vector.map((value) => Math.round(value * 10_000) / 10_000);
  const [from = 0, to = 0] = rounded;
  const others = parameters.slice(2).map(({ name }, i) => [name, rounded[i + 2]]);
  return { firstWait: [Math.min(from, to), Math.max(from, to)], ...Object.fromEntries(others) };
}

function vectorOf(options: PaceOptions): Vector {
  const others = parameters.slice(2).map(({ name }) => options[name as 'brake']);
  return [...options.firstWait, ...others];
}
