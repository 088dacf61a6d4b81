import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import type { AppContext } from '../request.ts';
import { formatKey, keepKey, newKey } from '../tenants/key.ts';
import { Keys } from '../tenants/keys.ts';
import { makeTenants } from '../tenants/tenants.ts';
import { noLists } from './access-lists.ts';
import { Entrance } from './entrance.ts';
import { SourceBlocks } from './source-blocks.ts';

// What the guards cost a good request: the key alone, and the key behind all of them.

const key = newKey(systemWorld);
const kept = { ...keepKey(key, systemWorld), scopes: new Set(['ingest'] as const) };
const tenant = { plan: 'p', keys: [kept], limits: {}, weight: 1 };
const plans = new Map([['p', []]]);
const file = { plans, tenants: new Map([['acme', tenant]]), lists: noLists };
const ceiling = { bodyBytes: 1, decodedBytes: 1, eventBytes: 1, events: 1 };
const keys = new Keys(makeTenants(file, ceiling));
const headers = { authorization: `Bearer ${formatKey(key)}` };
const c = { env: { incoming: { socket: { remoteAddress: '192.0.2.1' } } } } as AppContext;

function blocks(): SourceBlocks {
  const deps = { world: systemWorld, redis: undefined, isExempt: () => false, blocked: () => {} };
  return new SourceBlocks('guessing', { mostAMinute: 20, blockMs: 60_000 }, deps);
}

const entrance = new Entrance({
  keys,
  addressLimit: undefined,
  guessers: blocks(),
  garblers: blocks(),
  trustedHops: 0,
  counts: { guarded: () => {} },
});

// A thousand at a time, so that the bench's own clock does not count.
test('a thousand requests with a key that is known', async ({ bench }) => {
  const results = await bench.compare(
    bench('the key alone', () => {
      for (let i = 0; i < 1_000; i += 1) keys.authenticate(headers.authorization);
    }),
    bench('behind the guards', () => {
      for (let i = 0; i < 1_000; i += 1) entrance.authenticate(c, headers);
    }),
  );

  // Far from its 10 M/s or so, so that it fails on a blunder and not on a busy machine.
  expect(results.get('behind the guards').latency.mean).toBeLessThan(2);
});
