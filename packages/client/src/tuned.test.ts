import { parseTuned, type Tuned } from '@weir/core/tuned';
import { expect, test } from 'vitest';
import { ClientWorld, first, refusal, type Script, takesAll } from './client-world.model.ts';
import type { ClientOptions } from './options.ts';

type Found = Tuned['client'];

/** The options of a file that `weir-sim tune` wrote, as the documents tell to use it. */
function optionsOf(client: Partial<Found>): ClientOptions {
  const { throttle = { policy: 'adaptive', options: {} }, batch } = client;
  const text = JSON.stringify({
    version: 1,
    command: 'weir-sim tune',
    seeds: { tune: [1], heldOut: [2] },
    goals: [],
    client: { throttle, ...(batch === undefined ? {} : { batch }) },
    server: { settings: {} },
  });
  const tuned = parseTuned(JSON.parse(text)) as Tuned;
  return { ...tuned.client.batch, throttle: tuned.client.throttle };
}

const options = (of: Found['throttle']['options']): Partial<Found> => ({
  throttle: { policy: 'adaptive', options: of },
});
const policy = '"r";q=10;w=1;qu="requests"';
const told = { 'ratelimit-policy': policy, ratelimit: '"r";r=0' };
const limited = (headers: Record<string, string> = {}) =>
  first([refusal(429, 'rate_limited', { headers })]);
const saying = (headers: Record<string, string>): Script => {
  const all = takesAll();
  return (request, world) => ({ ...(all(request, world) as { status: number }), headers });
};

/** When requests came, of six events that are there at once and sent as fast as they may be. */
async function arrivals(client: Partial<Found>, script: Script, roundTripMs = 20) {
  const at = new ClientWorld(script);
  at.roundTripMs = roundTripMs;
  const sender = at.client(optionsOf(client));
  for (let i = 0; i < 6; i += 1) sender.track('a', i);
  await at.runTo(600_000);
  return at.seen.map(({ atMs }) => Math.round(atMs));
}

const one = { maxBatchEvents: 1 } as const;

test('batch: how many events a request has, and how long one waits for others', async () => {
  expect(await arrivals({}, takesAll())).toHaveLength(1);
  expect(await arrivals({ batch: { maxBatchEvents: 2 } }, takesAll())).toHaveLength(3);
  expect((await arrivals({}, takesAll()))[0]).toBeLessThan(100);
  expect((await arrivals({ batch: { lingerMs: 700 } }, takesAll()))[0]).toBeGreaterThan(700);
});

test('batch: how large a request may be', async () => {
  const at = new ClientWorld();
  const sender = at.client(optionsOf({ batch: { maxBatchBytes: 1_024 } }));
  for (let i = 0; i < 6; i += 1) sender.track('a', 'x'.repeat(400));
  await at.runTo(60_000);
  expect(at.seen.length).toBeGreaterThan(1);
});

test('batch: how many requests are under way at once', async () => {
  const gaps = (times: readonly number[]) => times.slice(1).map((ms, i) => ms - (times[i] ?? 0));
  const free = await arrivals({ batch: one }, takesAll(), 1_000);
  const alone = await arrivals({ batch: { ...one, maxConcurrency: 1 } }, takesAll(), 1_000);
  expect(Math.min(...gaps(free))).toBeLessThan(1_000);
  expect(Math.min(...gaps(alone))).toBeGreaterThanOrEqual(1_000);
});

test('throttle: the pace where limits are told, and where nothing is', async () => {
  const second = async (of: Found['throttle']['options'], script: Script) =>
    (await arrivals({ ...options(of), batch: one }, script))[1] ?? Infinity;
  const late = { pace: { firstWait: [100, 100] as const } };
  expect(await second({}, limited(told))).toBeLessThan(3_000);
  expect(await second(late, limited(told))).toBeGreaterThan(9_000);
  expect(await second({}, limited())).toBeLessThan(1_000);
  expect(await second({ blind: { firstWaitMs: 20_000 } }, limited())).toBeGreaterThan(9_000);
});

test('throttle: a quota of which the server tells only what is left', async () => {
  const left = { 'ratelimit-remaining': '0' };
  const last = async (of: Found['throttle']['options']) =>
    (await arrivals({ ...options(of), batch: one }, saying(left))).at(-1) ?? Infinity;
  const quota = { tokens: 1, periodMs: 10_000, burst: 1 };
  expect(await last({})).toBeLessThan(1_000);
  expect(await last({ quota })).toBeGreaterThan(40_000);
});

test('throttle: who is not named does not take silence about turns for being alone', async () => {
  const nearlySpent = { 'ratelimit-policy': `${policy};weir-burst=20`, ratelimit: '"r";r=1' };
  const last = async (of: Found['throttle']['options']) =>
    (await arrivals({ ...options(of), batch: one }, saying(nearlySpent))).at(-1) ?? Infinity;
  expect(await last({ named: false })).toBeGreaterThan(2 * (await last({ named: true })));
});
