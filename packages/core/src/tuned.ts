import { blindDefaults, paceDefaults } from './throttle/pace-options.ts';
import { type ThrottleOptions, throttles } from './throttle/throttles.ts';

/** How far a goal was from being met on seeds that were not searched on. */
export interface TunedGoal {
  readonly side: 'client' | 'server';
  readonly scenario: string;
  readonly name: string;
  readonly atMost: number;
  /** Medians: with what the search began with, and with what it found. */
  readonly before: number;
  readonly after: number;
}

/**
 * What the simulator found, for both sides: `weir serve --config` reads its settings, and the SDK
 * takes `client.throttle` as it is.
 */
export interface Tuned {
  readonly version: 1;
  /** What made it, so that it can be made again. */
  readonly command: string;
  readonly seeds: { readonly tune: readonly number[]; readonly heldOut: readonly number[] };
  readonly goals: readonly TunedGoal[];
  readonly client: {
    readonly throttle: {
      readonly policy: keyof typeof throttles;
      readonly options: ThrottleOptions;
    };
  };
  /** Names and values of settings; the environment goes before them. */
  readonly server: { readonly settings: Readonly<Record<string, number>> };
}

type Members = Readonly<Record<string, unknown>>;

const shape = {
  '': ['version', 'command', 'seeds', 'goals', 'client', 'server'],
  client: ['throttle'],
  'client.throttle': ['policy', 'options'],
  'client.throttle.options': ['named', 'pace', 'blind', 'quota'],
  'client.throttle.options.pace': Object.keys(paceDefaults),
  'client.throttle.options.blind': Object.keys(blindDefaults),
  'client.throttle.options.quota': ['tokens', 'periodMs', 'burst'],
  server: ['settings'],
} as const;
const optional = new Set(
  ['pace', 'blind', 'quota'].map((name) => `client.throttle.options.${name}`),
);

/** Whether a file that was read says of itself that it is the simulator's. */
export function isTuned(value: unknown): boolean {
  return isMembers(value) && 'version' in value && 'client' in value && 'server' in value;
}

/** Checks what was read of a file. Lists all that is wrong, each with its place; unknown names, too. */
export function parseTuned(value: unknown): Tuned | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  for (const [place, names] of Object.entries(shape)) checkPlace(value, place, names, problems);
  if (problems.length > 0) return { problems };
  const tuned = value as Tuned;
  if (tuned.version !== 1) problems.push(`version: expected 1, given ${String(tuned.version)}`);
  const { policy } = tuned.client.throttle;
  if (!Object.hasOwn(throttles, policy)) {
    const known = Object.keys(throttles).join(', ');
    problems.push(`client.throttle.policy: expected one of ${known}, given ${String(policy)}`);
  }
  checkNumbers('client.throttle.options.pace', tuned.client.throttle.options.pace, problems);
  checkNumbers('client.throttle.options.blind', tuned.client.throttle.options.blind, problems);
  checkNumbers('server.settings', tuned.server.settings, problems);
  return problems.length > 0 ? { problems } : tuned;
}

function checkPlace(
  value: unknown,
  place: string,
  names: readonly string[],
  problems: string[],
): void {
  const found = at(value, place);
  if (found === undefined && optional.has(place)) return;
  if (!isMembers(found)) {
    problems.push(`${place === '' ? 'the whole' : place}: expected an object`);
    return;
  }
  for (const name of Object.keys(found)) {
    if (!names.includes(name)) problems.push(`${place === '' ? '' : `${place}.`}${name}: unknown`);
  }
}

function checkNumbers(place: string, value: object | undefined, problems: string[]): void {
  for (const [name, given] of Object.entries(value ?? {})) {
    const numbers: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (numbers.every((each) => Number.isFinite(each))) continue;
    problems.push(`${place}.${name}: expected a number`);
  }
}

function at(value: unknown, place: string): unknown {
  if (place === '') return value;
  return place
    .split('.')
    .reduce<unknown>((found, name) => (isMembers(found) ? found[name] : undefined), value);
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
