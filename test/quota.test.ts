import { Agent } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { readMetric } from './support/metrics.ts';
import { expectProblem } from './support/problem.ts';
import { post, type Reply } from './support/sender.ts';
import { storedLines } from './support/stored-events.ts';
import { makeKey, type TestQuota, writeTenants } from './support/tenants.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';
import { requestText, Wire } from './support/wire.ts';

// "No window admits more than its law" and "a 429 tells the truth", on a real server under fire.

const tokens = 10;
const burst = 10;
const perSecond: TestQuota = { name: 'req', unit: 'requests', tokens, period: '1s', burst };
const slow: TestQuota = { name: 'day', unit: 'requests', tokens: 1, period: '1d', burst: 100 };
const events: TestQuota = { name: 'ev', unit: 'events', tokens: 1, period: '1d', burst: 5 };
const bytes: TestQuota = { name: 'size', unit: 'bytes', tokens: 1, period: '1s', burst: 200 };
const connections = 64;
const event = '{"type":"a"}';

const hammered = makeKey();
const truthful = makeKey();
const several = makeKey();
const full = makeKey();

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let weir: WeirProcess;
let tenants: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  tenants = join(folder.path, 'tenants.json');
  await writeTenants(tenants, {
    hammered: { keys: [hammered], quotas: [perSecond] },
    truthful: { keys: [truthful], quotas: [perSecond] },
    several: { keys: [several], quotas: [slow, events, bytes] },
    full: { keys: [full], quotas: [slow] },
  });
  const env = { WEIR_TENANTS: tenants, WEIR_SEGMENT_AGE_MS: '200' };
  weir = await startWeir({ dataDir: join(folder.path, 'data'), env });
});
afterAll(async () => {
  await weir?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** A reply, and the two moments between which its request was decided on. */
interface Decided {
  readonly sentMs: number;
  readonly heardMs: number;
  readonly status: number;
  readonly retryAfterMs: number;
  readonly reply: Reply;
}

async function decide(key: string, agent?: Agent): Promise<Decided> {
  const sentMs = performance.now();
  const reply = await post({ url: weir.url, key }, event, agent === undefined ? {} : { agent });
  const heardMs = performance.now();
  const retryAfterMs = Number(reply.headers['retry-after-ms'] ?? Number.NaN);
  return { sentMs, heardMs, status: reply.status, retryAfterMs, reply };
}

/** `connections` senders, each with its next request as soon as it has an answer. */
async function hammer(key: string, forMs: number): Promise<Decided[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const all = [await decide(key, agent)];
  const untilMs = performance.now() + forMs;
  const senders = Array.from({ length: connections }, async () => {
    while (performance.now() < untilMs) all.push(await decide(key, agent));
  });
  await Promise.all(senders);
  agent.destroy();
  return all;
}

test('64 connections get exactly the burst and what time earns, at every moment', async () => {
  const all = await hammer(hammered.text, 5_000);
  const accepted = all.filter(({ status }) => status === 202);
  const refused = all.filter(({ status }) => status === 429);
  expect(accepted.length + refused.length).toBe(all.length);

  // The first came alone. Whenever one is refused, just so many were let through since then as the
  // law says for that moment; it is known between two bounds, which often agree.
  const [first] = all as [Decided, ...Decided[]];
  let exact = 0;
  for (const moment of refused) {
    const before = accepted.filter(({ heardMs }) => heardMs <= moment.sentMs).length;
    const until = accepted.filter(({ sentMs }) => sentMs < moment.heardMs).length;
    const least = lawAfter(moment.sentMs - first.heardMs);
    const most = lawAfter(moment.heardMs - first.sentMs);
    expect(until).toBeGreaterThanOrEqual(least);
    expect(before).toBeLessThanOrEqual(most);
    if (least === most && before === until) exact += 1; // then both are `least`
  }
  console.log(`${accepted.length} of ${all.length} let through, ${exact} moments known exactly`);
  expect(exact).toBeGreaterThan(100);
  expectLaw(accepted.map(({ sentMs, heardMs }) => ({ fromMs: sentMs, toMs: heardMs })));

  // By the server's own clock, whose instants are whole milliseconds a moment after the decision.
  const arrivals = await arrivalsOf('hammered');
  expect(arrivals).toHaveLength(accepted.length);
  expectLaw(arrivals.map((atMs) => ({ fromMs: atMs - 10, toMs: atMs + 10 })));
});

/** No window between two that were let through admits more than the law; each lies within bounds. */
function expectLaw(accepted: readonly { readonly fromMs: number; readonly toMs: number }[]): void {
  const inOrder = accepted.toSorted((a, b) => a.fromMs - b.fromMs);
  for (const [i, { fromMs }] of inOrder.entries()) {
    for (const [more, { toMs }] of inOrder.slice(i).entries()) {
      expect(more + 1).toBeLessThanOrEqual(lawAfter(toMs - fromMs));
    }
  }
}

async function arrivalsOf(tenant: string): Promise<number[]> {
  await eventually('all is delivered', async () =>
    (await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined,
  );
  const lines = await storedLines(join(folder.path, 'data/store'));
  const stored = lines.map(({ text }) => JSON.parse(text) as { weirtenant: string; time: string });
  return stored
    .filter(({ weirtenant }) => weirtenant === tenant)
    .map(({ time }) => Date.parse(time));
}

/** burst + ⌊rate × time⌋ */
function lawAfter(ms: number): number {
  return burst + Math.floor((Math.max(0, ms) * tokens) / 1_000);
}

test('a 429 tells the truth: not sooner, and then at once', async () => {
  const all = await hammer(truthful.text, 1_500);
  const refused = all.filter(({ status }) => status === 429);
  const accepted = all.filter(({ status }) => status === 202);
  for (const { sentMs, heardMs, retryAfterMs, reply } of refused) {
    expect(retryAfterMs).toBeGreaterThanOrEqual(1);
    expect(retryAfterMs).toBeLessThanOrEqual(1_000 / tokens);
    expect(Number(reply.headers['retry-after'])).toBe(1);
    // Nobody who came later was let through sooner; a millisecond is what rounding up may add.
    const sooner = accepted.filter(
      (later) => later.sentMs > heardMs && later.heardMs < sentMs + retryAfterMs - 1,
    );
    expect(sooner).toEqual([]);
  }
  const problem = expectProblem((refused.at(-1) as Decided).reply, {
    status: 429,
    code: 'rate_limited',
    detail: 'req: cost 1 requests, available 0',
  });
  expect(problem).toMatchObject({ 'violated-policies': ['req'] });
  expect(problem['retry-after-ms']).toBe(refused.at(-1)?.retryAfterMs);

  for (let round = 0; round < 5; round += 1) {
    const told = await untilRefused();
    await untilMs(told.heardMs + told.retryAfterMs);
    expect((await decide(truthful.text)).status).toBe(202);
  }
});

async function untilRefused(): Promise<Decided> {
  for (;;) {
    const decided = await decide(truthful.text);
    if (decided.status === 429) return decided;
  }
}

async function untilMs(atMs: number): Promise<void> {
  while (performance.now() < atMs) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function remaining(url: string, key: string): Promise<Record<string, number>> {
  const { body } = await ask(`${url}/v1/limits`, { key });
  const { quotas } = JSON.parse(body) as { quotas: { name: string; remaining: number }[] };
  return Object.fromEntries(quotas.map(({ name, remaining: left }) => [name, left]));
}

test('of several quotas all are charged or none, and what costs more than a burst is told so', async () => {
  const target = { url: weir.url, key: several.text };
  const batch = (count: number) => `[${Array(count).fill(event).join(',')}]`;
  expect(await post(target, batch(3))).toMatchObject({ status: 202 });
  const left = await remaining(weir.url, several.text);
  expect(left).toMatchObject({ day: 99, ev: 2 });

  const refused = await post(target, batch(4));
  expectProblem(refused, {
    status: 429,
    code: 'rate_limited',
    detail: 'ev: cost 4 events, available 2',
  });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(86_400); // two events, one a day
  expect(refused.headers).toMatchObject({
    'ratelimit-policy': '"ev";q=1;w=86400;weir-burst=5',
    ratelimit: expect.stringMatching(/^"ev";r=2;t=8\d{4}$/),
  });
  using unread = await Wire.open(weir.url); // who says how many events it brings is told before it does
  const said = ['Weir-Events: 3', 'Content-Length: 40', 'Expect: 100-continue'];
  await unread.send(requestText(several.text, '', said));
  expectProblem(await unread.reply(), {
    status: 429,
    code: 'rate_limited',
    detail: 'ev: cost 3 events, available 2',
  });

  for (const [body, quota, unit, cost, most] of [
    [batch(6), 'ev', 'events', 6, 5],
    [`{"type":"a","data":"${'x'.repeat(300)}"}`, 'size', 'bytes', 322, 200],
  ] as const) {
    const oversize = await post(target, body);
    const problem = expectProblem(oversize, {
      status: 413,
      code: 'cost_exceeds_burst',
      detail: `${quota}: this request costs ${cost} ${unit}, the quota holds at most ${most}`,
    });
    expect(problem).toMatchObject({ quota, unit, cost, burst: most });
    expect(oversize.headers).not.toHaveProperty('retry-after');
    expect(problem).not.toHaveProperty('retry-after-ms');
  }
  expect(await remaining(weir.url, several.text)).toMatchObject({ day: 99, ev: 2 });
});

test('a 503 charges nothing', async () => {
  await using stuck = await startWeir({
    dataDir: join(folder.path, 'stuck'),
    env: { WEIR_TENANTS: tenants, MAX_QUEUE: '5', MAX_WORKERS: '0' },
  });
  const target = { url: stuck.url, key: full.text };
  for (let i = 0; i < 5; i += 1) expect(await post(target, event)).toMatchObject({ status: 202 });
  for (let i = 0; i < 50; i += 1) {
    const refused = await post(target, event);
    expectProblem(refused, { status: 503, code: 'over_capacity', detail: '5 requests' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
  }
  expect(await remaining(stuck.url, full.text)).toEqual({ day: 95 });
});

test('what is refused for any other reason charges nothing either', async () => {
  const before = await remaining(weir.url, full.text);
  const target = { url: weir.url, key: full.text };
  for (const body of ['', '{"type":', '{"type":""}', '[]', `["${'x'.repeat(300_000)}"]`]) {
    const { status } = await post(target, body);
    expect([400, 413]).toContain(status);
  }
  expect(await remaining(weir.url, full.text)).toEqual(before);
});
