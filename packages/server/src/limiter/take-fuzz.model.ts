import { isDeepStrictEqual } from 'node:util';
import type { Cost, Unit } from '@weir/core/admission';
import { compileQuota, type Quota, type RateState } from '@weir/core/gcra';
import { BigModel } from '@weir/core/gcra-exact.model';
import { type Random, seededRandom } from '@weir/core/world/random';
import type { RedisScript } from '../redis/script.ts';
import type { CallerQuota } from '../tenants/caller.ts';
import { type Ask, type BatchReply, TakeBatch } from './take-batch.ts';

/** What a run of fuzzing found. */
export interface Fuzzed {
  readonly steps: number;
  readonly refusals: number;
  /** Each a sentence; at most the first twenty. */
  readonly differences: readonly string[];
}

export interface FuzzOptions {
  readonly script: RedisScript;
  readonly seed: number;
  readonly steps: number;
}

const t0 = 1_790_000_000_000_000;
const dayUs = 86_400_000_000;
const atOnce = 64;
const stepsPerHistory = 40;
const units: readonly Unit[] = ['requests', 'events', 'bytes'];

/**
 * Random histories on random quotas: the script in Redis, the law in TypeScript and arithmetic that
 * cannot round must agree on every answer and on every state kept. Time goes on, stands still, and
 * sometimes steps back.
 */
export async function fuzzLaw({ script, seed, steps }: FuzzOptions): Promise<Fuzzed> {
  const found = new Findings();
  const histories = Math.ceil(steps / stepsPerHistory);
  let next = 0;
  const workers = Array.from({ length: atOnce }, async () => {
    while (next < histories) {
      const place = next;
      next += 1;
      await followHistory(
        script,
        seededRandom(seed * 1_000_003 + place),
        `${seed}/${place}`,
        found,
      );
    }
  });
  await Promise.all(workers);
  return found;
}

async function followHistory(
  script: RedisScript,
  random: Random,
  name: string,
  found: Findings,
): Promise<void> {
  const quota = anyQuota(random);
  const named = callerQuota('requests', quota);
  const model = new BigModel(quota);
  const keys = [`fuzz:${name}`];
  const fullUs = Math.min(dayUs, quota.cap / quota.r);
  let nowUs = t0;
  let expected: RateState | undefined;
  for (let step = 0; step < stepsPerHistory; step += 1) {
    nowUs += Math.ceil(gapOf(random) * fullUs);
    const kind = pick(random, [
      'take',
      'take',
      'take',
      'take',
      'refund',
      'charge',
      'raise',
    ] as const);
    const cost = costOf(random, quota.burst);
    const batch = new TakeBatch();
    batch.add({ kind, quotas: [named], keys, cost: { requests: cost, events: 0, bytes: 0 } });
    const reply = (await script.run(keys, [batch.pack(nowUs)])) as Buffer;
    const where = `${name} step ${step}: ${kind} ${cost} of ${JSON.stringify(quota)} at ${nowUs - t0}`;
    found.check(isDeepStrictEqual(stateIn(reply), expected), `${where}: another state was kept`);
    const read = found.read(() => batch.read(reply), where);
    if (read === undefined) return;
    if (kind === 'take') {
      const { next: _, changed: __, ...said } = read.decisions[0]?.verdicts[0] ?? {};
      const exact = model.take(nowUs, cost);
      found.check(isDeepStrictEqual(said, exact), `${where}: said otherwise than exact arithmetic`);
      if (!exact.allowed) found.refusals += 1;
    } else model[kind](nowUs, cost);
    expected = read.states[0];
    found.steps += 1;
  }
}

/** A batch of asks on few states must do what the same asks do one by one. */
export async function fuzzBatches({ script, seed, steps }: FuzzOptions): Promise<Fuzzed> {
  const found = new Findings();
  const random = seededRandom(seed);
  for (let round = 0; found.steps < steps; round += 1) {
    const nowUs = t0 + round;
    const pool = Array.from({ length: 4 }, (_, i) => ({
      named: callerQuota(units[i % 3] as Unit, anyQuota(random), uniform(random) < 0.2),
      key: `${seed}/${round}/${i}`,
    }));
    const asks = Array.from({ length: 1 + whole(random, atOnce - 1) }, () => anyAsk(random, pool));
    const together = await run(script, asks, 'together', nowUs);
    const apart: BatchReply[] = [];
    for (const ask of asks) apart.push(await run(script, [ask], 'apart', nowUs));
    const flags = apart.map(({ decisions }) => decisions[0]);
    found.check(
      isDeepStrictEqual(together.decisions, flags),
      `round ${round}: a batch of ${asks.length} said otherwise than one by one`,
    );
    const peeks = pool.map(({ named, key }) => peekAt(named, key));
    const states = async (place: string) => (await run(script, peeks, place, nowUs)).states;
    found.check(
      isDeepStrictEqual(await states('together'), await states('apart')),
      `round ${round}: a batch of ${asks.length} kept other states than one by one`,
    );
    found.steps += asks.length;
    found.refusals += flags.filter((decision) => !decision?.allowed).length;
  }
  return found;
}

/** Of several quotas in random debt: where one refuses, no state may be another than before. */
export async function fuzzAllOrNothing({ script, seed, steps }: FuzzOptions): Promise<Fuzzed> {
  const found = new Findings();
  const random = seededRandom(seed);
  for (let round = 0; found.steps < steps; round += 1) {
    const cases = Array.from({ length: atOnce }, (_, i) =>
      anyCase(random, `${seed}/${round}/${i}`),
    );
    await run(
      script,
      cases.flatMap(({ debts }) => debts),
      'all',
      t0,
    );
    const peeks = cases.map(({ ask }) => ({ ...ask, cost: free }));
    const before = await run(script, peeks, 'all', t0);
    const taken = await run(
      script,
      cases.map(({ ask }) => ask),
      'all',
      t0,
    );
    const after = await run(script, peeks, 'all', t0);
    for (const [i, decision] of taken.decisions.entries()) {
      if (decision.allowed) continue;
      found.refusals += 1;
      const [was, is] = [before, after].map(({ decisions }) => decisions[i]?.verdicts);
      found.check(isDeepStrictEqual(was, is), `round ${round} case ${i}: a refusal took something`);
    }
    found.steps += cases.length;
  }
  return found;
}

class Findings implements Fuzzed {
  steps = 0;
  refusals = 0;
  readonly differences: string[] = [];

  check(isRight: boolean, otherwise: string): void {
    if (!isRight && this.differences.length < 20) this.differences.push(otherwise);
  }

  read(attempt: () => BatchReply, where: string): BatchReply | undefined {
    try {
      return attempt();
    } catch (error) {
      this.check(false, `${where}: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** In as many calls as it takes. */
async function run(
  script: RedisScript,
  asks: readonly Ask[],
  place: string,
  nowUs: number,
): Promise<BatchReply> {
  const replies: BatchReply[] = [];
  for (let at = 0; at < asks.length; ) {
    const batch = new TakeBatch();
    while (at < asks.length) {
      const ask = asks[at] as Ask;
      if (!batch.add({ ...ask, keys: ask.keys.map((key) => `${place}:${key}`) })) break;
      at += 1;
    }
    replies.push(batch.read((await script.run(batch.keys, [batch.pack(nowUs)])) as Buffer));
  }
  const damaged = replies.reduce((sum, reply) => sum + reply.damaged, 0);
  const decisions = replies.flatMap((reply) => reply.decisions);
  const quotas = replies.flatMap((reply) => reply.quotas);
  return { nowUs, damaged, decisions, quotas, states: replies.flatMap((reply) => reply.states) };
}

const free: Cost = { requests: 0, events: 0, bytes: 0 };

function peekAt(named: CallerQuota, key: string): Ask {
  return { kind: 'take', quotas: [named], keys: [key], cost: free };
}

function anyAsk(
  random: Random,
  pool: readonly { readonly named: CallerQuota; readonly key: string }[],
): Ask {
  const chosen = pool.filter(() => uniform(random) < 0.6);
  const parts = chosen.length === 0 ? pool.slice(0, 1) : chosen;
  const most = Math.min(...parts.map(({ named }) => named.quota.burst));
  const spent = costOf(random, most);
  const cost = { requests: spent, events: spent, bytes: spent };
  const kind = pick(random, ['take', 'take', 'take', 'take', 'refund', 'charge', 'raise'] as const);
  const quotas = parts.map(({ named }) => named);
  return { kind, quotas, keys: parts.map(({ key }) => key), cost };
}

/** A request on two to five quotas, and the forced charges that bring them into debt before it. */
function anyCase(random: Random, name: string): { readonly ask: Ask; readonly debts: Ask[] } {
  const quotas = Array.from({ length: 2 + whole(random, 3) }, (_, i) =>
    callerQuota(units[i % 3] as Unit, anyQuota(random)),
  );
  const keys = quotas.map((_, i) => `${name}/${i}`);
  const cost = {
    requests: costOf(random, quotas[0]?.quota.burst ?? 1),
    events: costOf(random, quotas[1]?.quota.burst ?? 1),
    bytes: costOf(random, quotas[2]?.quota.burst ?? 1),
  };
  const debts = quotas.map((named, i): Ask => {
    const spent = Math.floor(uniform(random) * named.quota.burst);
    const owed = { requests: spent, events: spent, bytes: spent };
    return { kind: 'charge', quotas: [named], keys: [keys[i] as string], cost: owed };
  });
  return { ask: { kind: 'take', quotas, keys, cost }, debts };
}

function callerQuota(unit: Unit, quota: Quota, shadow = false): CallerQuota {
  return { name: unit, unit, quota, scope: 'tenant', shadow, onTrouble: 'local', stateKey: unit };
}

function anyQuota(random: Random): Quota {
  for (;;) {
    const terms = {
      tokens: 1 + whole(random, pick(random, [10, 1_000, 100_000_000_000])),
      periodUs: 1 + whole(random, pick(random, [12, 2_000_000, 31 * dayUs])),
      burst: 1 + whole(random, pick(random, [10, 300, 10_000_000_000])),
    };
    try {
      return compileQuota(terms);
    } catch {
      // too large to be counted exactly: another
    }
  }
}

/** In shares of the time that a full burst takes. */
function gapOf(random: Random): number {
  const lot = uniform(random);
  if (lot < 0.35) return 0;
  return lot < 0.4 ? -0.5 : uniform(random) * 0.3;
}

function costOf(random: Random, burst: number): number {
  const lot = uniform(random);
  if (lot < 0.1) return 0;
  return lot < 0.4 ? 1 : Math.floor(uniform(random) * 1.1 * burst);
}

function stateIn(reply: Buffer): RateState | undefined {
  const r = reply.readDoubleLE(32);
  return r === 0 ? undefined : { tatUs: reply.readDoubleLE(16), rest: reply.readDoubleLE(24), r };
}

function uniform(random: Random): number {
  return random.uniform();
}

/** 0 to `most`. */
function whole(random: Random, most: number): number {
  return Math.floor(random.uniform() * (most + 1));
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.uniform() * from.length)] as T;
}
