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
    /** Options of the SDK by their names: `new IngestClient({ ...tuned.client.batch })`. */
    readonly batch?: TunedBatch;
  };
  readonly server: {
    /** Names and values of settings; the environment goes before them. */
    readonly settings: Readonly<Record<string, number>>;
    /** By plan and quota, instead of what the file of tenants has. */
    readonly plans?: TunedPlans;
  };
}

/** How events are put together, and how many requests are under way at once. */
export interface TunedBatch {
  readonly maxBatchEvents?: number;
  readonly maxBatchBytes?: number;
  readonly lingerMs?: number;
  readonly maxConcurrency?: number;
}

export type TunedPlans = Readonly<
  Record<string, Readonly<Record<string, { readonly burst: number }>>>
>;

type Members = Readonly<Record<string, unknown>>;

const shape = {
  '': ['version', 'command', 'seeds', 'goals', 'client', 'server'],
  client: ['throttle', 'batch'],
  'client.batch': ['maxBatchEvents', 'maxBatchBytes', 'lingerMs', 'maxConcurrency'],
  'client.throttle': ['policy', 'options'],
  'client.throttle.options': ['named', 'pace', 'blind', 'quota'],
  'client.throttle.options.pace': Object.keys(paceDefaults),
  'client.throttle.options.blind': Object.keys(blindDefaults),
  'client.throttle.options.quota': ['tokens', 'periodMs', 'burst'],
  server: ['settings', 'plans'],
} as const;
const optional = new Set([
  'client.batch',
  ...['pace', 'blind', 'quota'].map((name) => `client.throttle.options.${name}`),
]);

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
  checkNumbers('client.batch', tuned.client.batch, problems);
  checkNumbers('server.settings', tuned.server.settings, problems);
  checkPlans(tuned.server.plans, problems);
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

function checkPlans(plans: unknown, problems: string[]): void {
  if (plans === undefined) return;
  for (const [plan, quotas] of membersOf('server.plans', plans, problems)) {
    const place = `server.plans.${plan}`;
    for (const [quota, terms] of membersOf(place, quotas, problems)) {
      checkTerms(`${place}.${quota}`, terms, problems);
    }
  }
}

function checkTerms(place: string, terms: unknown, problems: string[]): void {
  const members = membersOf(place, terms, problems);
  for (const [name] of members) if (name !== 'burst') problems.push(`${place}.${name}: unknown`);
  const burst = isMembers(terms) ? terms.burst : undefined;
  if (!isMembers(terms) || (Number.isSafeInteger(burst) && (burst as number) >= 1)) return;
  problems.push(`${place}.burst: expected a whole number from 1 up`);
}

function membersOf(place: string, value: unknown, problems: string[]): [string, unknown][] {
  if (isMembers(value)) return Object.entries(value);
  problems.push(`${place}: expected an object`);
  return [];
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
