import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addsUp, ClientWorld, type Scripted, takesAll } from './client-world.model.ts';

const cutOff: Scripted = { silent: 'cut off', isAmbiguous: true };
const step = fc.record({
  gapMs: fc.nat(300),
  what: fc.constantFrom('track', 'send', 'flush', 'abort') as fc.Arbitrary<
    'track' | 'send' | 'flush' | 'abort'
  >,
});
const faults = fc.array(
  fc.constantFrom<'none' | 'cut' | 'error' | 'busy'>('none', 'cut', 'error', 'busy'),
  {
    maxLength: 12,
  },
);
const overflow = fc.constantFrom('block' as const, 'reject' as const, 'drop-oldest' as const);

test('flush waits for all that came before it, close ends, every promise settles once, and it adds up', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      faults,
      overflow,
      async (steps, bad, policy) => {
        const all = takesAll();
        const left = [...bad];
        const at = new ClientWorld((request, world) => {
          const fault = left.shift() ?? 'none';
          if (fault === 'cut') return cutOff;
          if (fault === 'error') return { status: 500 };
          if (fault === 'busy') return { status: 429, headers: { 'retry-after-ms': '700' } };
          return all(request, world);
        });
        const client = at.client({ maxQueueEvents: 12, maxBatchEvents: 5, overflow: policy });
        const promises: Promise<unknown>[] = [];
        let settled = 0;
        const follow = (promise: Promise<unknown>): void => {
          promises.push(promise);
          promise.then(
            () => (settled += 1),
            () => (settled += 1),
          );
        };
        for (const { gapMs, what } of steps) {
          if (what === 'track') client.track('n', 1);
          else if (what === 'send') follow(client.send('n', 2));
          else if (what === 'flush') {
            const { queued } = client.stats();
            follow(
              client.flush({ timeoutMs: 900_000 }).then(() => {
                const { acked, rejected, dropped } = client.stats();
                const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
                expect(acked + rejected + lost).toBeGreaterThanOrEqual(queued);
              }),
            );
          } else {
            const abort = new AbortController();
            follow(client.send('n', 3, { signal: abort.signal }));
            at.world.after(gapMs, () => abort.abort());
          }
          await at.runTo(at.world.now() + gapMs);
          addsUp(client);
        }
        follow(client.close({ timeoutMs: 600_000 }));
        await at.runTo(at.world.now() + 700_000);
        expect(settled).toBe(promises.length);
        expect(client.stats().inMemory).toBe(0);
        expect(at.held).toBe(0);
        addsUp(client);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
