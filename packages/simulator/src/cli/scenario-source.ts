import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { parseScenario, type Scenario, ScenarioError } from '../scenario.ts';
import { scenarios } from '../scenarios/scenarios.ts';
import { Misuse } from './outcome.ts';

/**
 * A scenario by its id, or from a JSON file. What is wrong with a file is told with its line:
 * `FILE:LINE: FIELD: expected …`.
 *
 * @param change applied to what was read, before it is checked: the overrides of the command line
 */
export async function scenarioFrom(
  given: string,
  change: (scenario: unknown) => unknown = (scenario) => scenario,
): Promise<Scenario> {
  const known = scenarios.get(given) ?? scenarios.get(given.toUpperCase());
  if (known !== undefined) return checked(change(structuredClone(known)), known.id, undefined);
  if (!/[./\\]/.test(given)) throw new Misuse(unknown(given));
  const text = await read(given);
  return checked(change(parsed(given, text)), given, text);
}

function unknown(given: string): string {
  const ids = [...scenarios.keys()].join(', ');
  return `there is no scenario ${given}: expected one of ${ids}, or a JSON file`;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Misuse(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    const [, line = wrongLineOf(text)] = /line (\d+) column \d+/.exec(message) ?? [];
    throw new Misuse(`${path}${line === undefined ? '' : `:${line}`}: expected JSON (${message})`);
  }
}

/** V8 tells no place where the text is short; YAML, of which JSON is a part, does. */
function wrongLineOf(text: string): number | undefined {
  const { errors } = parseDocument(text, { schema: 'json', logLevel: 'silent' });
  return errors[0]?.linePos?.[0].line;
}

function checked(value: unknown, from: string, text: string | undefined): Scenario {
  try {
    return parseScenario(value, from);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const { problems } = error;
    throw new Misuse(...(text === undefined ? problems : problems.map(placing(from, text))));
  }
}

/** Adds the line of the field to a problem that reads `FILE: FIELD: what was expected`. */
function placing(file: string, text: string): (problem: string) => string {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  return (problem) => {
    const rest = problem.slice(file.length + 2);
    const path = rest.slice(0, rest.indexOf(': ')).split('.');
    // What is missing has no place of its own: its parent's line is the nearest.
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length).map(indexOrName), true);
      const offset = startOf(node);
      if (offset !== undefined) return `${file}:${lines.linePos(offset).line}: ${rest}`;
    }
    return `${file}:1: ${rest}`;
  };
}

function indexOrName(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return (node.range as readonly number[] | undefined)?.[0];
}
