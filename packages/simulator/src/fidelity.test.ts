import { compileQuota } from '@weir/core/gcra';
import { slotBounds } from '@weir/core/slots';
import { decodeRateNews } from '@weir/core/wire/rate-headers';
import { fields, paths } from '@weir/core/wire/routes';
import { seededRandom } from '@weir/core/world/random';
import { VirtualWorld } from '@weir/core/world/virtual';
import { type AppDeps, app } from '@weir/server/app';
import { ingest } from '@weir/server/ingest';
import { MemoryHints } from '@weir/server/limiter/hints';
import { MemoryLimiter } from '@weir/server/limiter/memory';
import { Replies } from '@weir/server/reply';
import { expect, test } from 'vitest';
import { QuotaServer } from './model/quota-server.ts';
import type { QuotaTermsMs } from './scenario.ts';

const arrivals = 1_500;

/** What a sender can read of a reply, whoever made it. */
interface Read {
  readonly admitted: boolean;
  readonly retryAfterMs: number | undefined;
  readonly nextMs: number | undefined;
  readonly remaining: number | undefined;
  readonly limits: unknown;
}

/** The app as it ships, in this process and in virtual time; what it takes is kept nowhere. */
function realServer(world: VirtualWorld, terms: QuotaTermsMs) {
  const caller = {
    tenant: 'acme',
    keyId: 'key0key0key0',
    scopes: new Set(['ingest']),
    limits: { bodyBytes: 1e6, decodedBytes: 1e6, eventBytes: 1e5, events: 1_000 },
    quotas: [
      {
        name: 'requests',
        unit: 'requests',
        scope: 'tenant',
        shadow: false,
        onTrouble: 'local',
        stateKey: 'acme/requests',
        quota: compileQuota({ ...terms, periodUs: terms.periodMs * 1_000 }),
      },
    ],
  };
  const slot = {
    grow: () => true,
    append: async () => ({ receipt: 'W-1-1', accepted: 1, rejected: [] }),
    release: () => undefined,
  };
  const counts = new Proxy({}, { get: () => () => undefined });
  const deps = {
    world,
    idleMs: 10_000,
    longestWaitSeconds: 60,
    corsOrigins: [],
    ingest,
    entrance: { authenticate: () => caller, sentGarbage: () => undefined },
    fairness: { reserve: () => slot, leave: () => undefined },
    limiter: new MemoryLimiter(world),
    hints: new MemoryHints(world),
    replies: new Replies({
      world,
      rateHeaders: true,
      counts: { request: () => undefined },
      isDraining: () => false,
    }),
    counts,
    onUnexpected: (error: unknown) => {
      throw error;
    },
  } as unknown as AppDeps;
  return app(deps);
}

async function ask(routes: ReturnType<typeof app>, sender: number): Promise<Read> {
  const response = await routes.request(paths.events, {
    method: 'POST',
    body: '{"type":"order.paid"}',
    headers: { 'content-type': 'application/json', [fields.weirClient]: `sender-${sender}` },
  });
  const get = (name: string) => response.headers.get(name);
  const { retryAfterMs, limits } = decodeRateNews(get, 0);
  const next = get(fields.weirNextMs);
  return {
    admitted: response.status === 202,
    retryAfterMs,
    nextMs: next === null ? undefined : Number(next),
    remaining: limits[0]?.remaining,
    limits,
  };
}

function askModel(server: QuotaServer, nowUs: number, sender: number): Read {
  server.arrive(nowUs, sender, 0);
  const { cause, retryAfterMs, nextMs, limits } = server.reply;
  return {
    admitted: cause === 'ok',
    retryAfterMs,
    nextMs,
    remaining: limits[0]?.remaining,
    limits,
  };
}

test.each([
  { name: 'a slow quota of the gem', tokens: 5, periodMs: 4_000, burst: 20, meanGapMs: 500 },
  {
    name: 'a rate that no number of µs divides',
    tokens: 7,
    periodMs: 1_000,
    burst: 3,
    meanGapMs: 100,
  },
  { name: 'a roomy one', tokens: 1_000, periodMs: 1_000, burst: 30, meanGapMs: 0.6 },
])(
  'the model and the app decide alike and say the same: $name',
  async ({ meanGapMs, ...given }) => {
    const { tokens, periodMs, burst } = given;
    const terms = { tokens, periodMs, burst };
    const world = new VirtualWorld({ seed: 1 });
    const routes = realServer(world, terms);
    const model = new QuotaServer({ terms, initialTokens: burst, tells: 'hints', slotBounds });
    const { uniform } = seededRandom(tokens);
    let refused = 0;
    for (let i = 0; i < arrivals; i += 1) {
      // Whole µs, now and then a pause in which all is earned again.
      const gapUs = Math.floor(uniform() * 2_000 * meanGapMs) * (uniform() < 0.01 ? 50 : 1);
      world.advance(gapUs / 1_000);
      const sender = Math.floor(uniform() * 5);
      const read = await ask(routes, sender);

      expect(read).toEqual(askModel(model, Math.round(world.now() * 1_000), sender));
      if (!read.admitted) refused += 1;
    }

    expect(refused).toBeGreaterThan(arrivals / 20);
    expect(refused).toBeLessThan(arrivals * 0.9);
  },
);
