import { durationMs } from './numbers.ts';
import { Misuse } from './outcome.ts';

/** What the command line may change of a scenario; each was given or not. */
export interface Overrides {
  readonly clients?: string;
  readonly tokens?: string;
  readonly period?: string;
  readonly burst?: string;
  readonly initial?: string;
  readonly duration?: string;
  readonly tells?: string;
  readonly set?: readonly string[];
}

interface Tree {
  [name: string]: unknown;
}

/** Changes a copy of a scenario as the command line says; the result is checked as any other. */
export function overriding(given: Overrides): (scenario: unknown) => unknown {
  return (scenario) => {
    const tree = scenario as Tree;
    const isFull = tree.kind === 'quota' && initialOf(tree) === burstOf(tree);
    for (const [path, value] of changesOf(given, tree)) put(tree, path, value);
    // A scenario that starts with all of its burst still does when the burst is another.
    const mustFill = isFull && given.burst !== undefined && given.initial === undefined;
    if (mustFill) put(tree, 'server.initialTokens', burstOf(tree));
    return tree;
  };
}

/** Which field each option stands for, and how it is read. */
const fields: readonly (readonly [keyof Omit<Overrides, 'set'>, string, Reads])[] = [
  ['tokens', 'server.quota.tokens', numberFrom],
  ['period', 'server.quota.periodMs', msFrom],
  ['burst', 'server.quota.burst', numberFrom],
  ['initial', 'server.initialTokens', numberFrom],
  ['duration', 'durationMs', msFrom],
  ['tells', 'server.tells', (_, text) => text],
];

const clientFields: Readonly<Record<string, string>> = {
  quota: 'clients.0.processes',
  ingestion: 'keys',
  diurnal: 'keys',
  occ: 'clients',
};

type Reads = (option: string, text: string) => unknown;

function changesOf(given: Overrides, { kind }: Tree): [string, unknown][] {
  const changes: [string, unknown][] = [];
  if (given.clients !== undefined) {
    const count = numberFrom('--clients', given.clients);
    changes.push([clientFields[String(kind)] ?? 'clients', kind === 'occ' ? [count] : count]);
  }
  for (const [option, path, reads] of fields) {
    const text = given[option];
    if (text !== undefined) changes.push([path, reads(`--${option}`, text)]);
  }
  for (const each of given.set ?? []) changes.push(assignment(each));
  return changes;
}

function assignment(text: string): [string, unknown] {
  const [, path, value] = /^([A-Za-z0-9.]+)=(.*)$/.exec(text) ?? [];
  if (path !== undefined && value !== undefined) return [path, jsonOr(value)];
  throw new Misuse(`--set: expected PATH=VALUE, such as server.quota.burst=40, not ${text}`);
}

function numberFrom(option: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new Misuse(`${option}: expected a number, not ${text}`);
}

function msFrom(option: string, text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  throw new Misuse(`${option}: expected a time such as 500ms, 2s, 30m or 1h, not ${text}`);
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Only what is there already can be changed, or added beside it: a wrong path is told by the check. */
function put(tree: Tree, path: string, value: unknown): void {
  const parts = path.split('.');
  const last = parts.pop() as string;
  let place: Tree = tree;
  for (const part of parts) {
    const next = Object.hasOwn(place, part) ? place[part] : undefined;
    if (typeof next !== 'object' || next === null) {
      throw new Misuse(`${path}: this scenario has no ${part}`);
    }
    place = next as Tree;
  }
  Object.defineProperty(place, last, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function burstOf({ server }: Tree): unknown {
  return ((server as Tree).quota as Tree | undefined)?.burst;
}

function initialOf({ server }: Tree): unknown {
  return (server as Tree | undefined)?.initialTokens;
}
