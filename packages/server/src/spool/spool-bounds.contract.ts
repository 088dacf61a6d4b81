import { isRefusal } from '@weir/core/wire/refusal';
import { describe, expect, test } from 'vitest';
import {
  answered,
  batchOf,
  leased,
  type MakeSpool,
  nextTexts,
  reserved,
  taken,
  testOptions,
} from './spool-examples.ts';

/** How much a spool takes, and how it ends. */
export function boundsContract(make: MakeSpool): void {
  describe('spool contract: bounds', () => {
    const bounds = { maxRequests: 3, maxBytes: 10_000, minFreeBytes: 0 };

    test('refuses at once beyond its requests, and takes again when a segment is done', async () => {
      const { spool } = await make({ ...testOptions, bounds });
      for (const text of ['a', 'b']) await taken(spool, batchOf(text));
      const slot = reserved(spool, 10);
      expect(spool.reserve(10)).toMatchObject({ refused: 'over_capacity' });
      slot.release();
      slot.release();
      await taken(spool, batchOf('c'));
      expect(spool.reserve(10)).toMatchObject({ refused: 'over_capacity' });
      spool.sealSoon();
      await spool.close();
    });

    test('refuses beyond its bytes, held or announced; room grows only while there is some', async () => {
      const { spool } = await make({ ...testOptions, bounds });
      const slot = reserved(spool, 6_000);
      expect(spool.reserve(4_001)).toMatchObject({ refused: 'over_capacity' });
      expect(slot.grow(4_001)).toBe(false);
      expect(slot.grow(4_000)).toBe(true);
      expect(spool.reserve(1)).toMatchObject({ refused: 'over_capacity' });
      await slot.append(batchOf('much less than was announced'));
      reserved(spool, 9_000).release();
      await spool.close();
    });

    test('says for how long by the rate at which it drains, from 1 to 30 s', async () => {
      const { spool, world } = await make({
        ...testOptions,
        rules: { ...testOptions.rules, events: 1 },
        bounds: { maxRequests: 4, maxBytes: 1e9, minFreeBytes: 0 },
      });
      const retryAfterMs = () => {
        const refusal = spool.reserve(1);
        return isRefusal(refusal) ? (refusal.retryAfterMs ?? 0) : 0;
      };
      for (const text of ['a', 'b', 'c', 'd']) await taken(spool, batchOf(text));
      expect(retryAfterMs()).toBeGreaterThanOrEqual(20_000);
      expect(retryAfterMs()).toBeLessThanOrEqual(30_000);
      for (let i = 0; i < 10; i += 1) {
        world.advance(2_000);
        await (await leased(spool)).done();
        await taken(spool, batchOf(`${i}`));
      }
      // 10 in 20 s; one must go for there to be room, and they go one at a time.
      expect(retryAfterMs()).toBeGreaterThanOrEqual(2_000);
      expect(retryAfterMs()).toBeLessThanOrEqual(9_000);
      await spool.close();
    });

    test('a slot takes one batch', async () => {
      const { spool } = await make(testOptions);
      const slot = reserved(spool, 10);
      await slot.append(batchOf('a'));
      expect(() => slot.append(batchOf('b'))).toThrow('used');
      slot.release();
      expect(slot.grow(1)).toBe(false);
      await spool.close();
    });
  });

  describe('spool contract: the end', () => {
    test('once sealed it takes nothing, not even for a slot it gave; what it holds is lent', async () => {
      const under = await make(testOptions);
      const { spool } = under;
      await taken(spool, batchOf('a'));
      const slot = reserved(spool, 10);
      await spool.seal();
      await spool.seal();
      expect(spool.reserve(1)).toMatchObject({ refused: 'draining' });
      expect(await slot.append(batchOf('late'))).toMatchObject({ refused: 'draining' });
      expect(await nextTexts(under)).toEqual(['a']);
      expect(spool.status()).toMatchObject({ requests: 0, segments: 0 });
      await spool.close();
    });

    test('what is appended in the same tick as the seal is kept', async () => {
      const under = await make(testOptions);
      const { spool } = under;
      const answers = ['a', 'b'].map((text) => answered(spool, batchOf(text)));
      const sealed = spool.seal();
      for (const answer of await Promise.all(answers)) expect(isRefusal(answer)).toBe(false);
      await sealed;
      expect(await nextTexts(under)).toEqual(['a', 'b']);
      await spool.close();
    });

    test('a wait for a segment ends when it is aborted, and when the spool is closed', async () => {
      const { spool } = await make(testOptions);
      const stopping = new AbortController();
      const aborted = spool.lease(stopping.signal);
      const other = spool.lease(new AbortController().signal);
      stopping.abort();
      expect(await aborted).toBeUndefined();
      expect(await spool.lease(stopping.signal)).toBeUndefined();
      await spool.close();
      expect(await other).toBeUndefined();
      expect(await spool.lease(new AbortController().signal)).toBeUndefined();
      expect(spool.reserve(1)).toMatchObject({ refused: 'draining' });
    });

    test('a worker that is faster than the answer forgets nothing that is counted later', async () => {
      const { spool } = await make({ ...testOptions, rules: { ...testOptions.rules, events: 1 } });
      const delivered = leased(spool).then((lease) => lease.done());
      await taken(spool, batchOf('a'));
      await delivered;
      const nothing = { requests: 0, events: 0, bytes: 0, segments: 0, queued: new Map() };
      expect(spool.status()).toMatchObject(nothing);
      reserved(spool, testOptions.bounds.maxBytes).release();
      await spool.close();
    });

    test('a segment sealed while a worker waits goes to the one that waited longest', async () => {
      const { spool } = await make({ ...testOptions, rules: { ...testOptions.rules, events: 1 } });
      const signal = new AbortController().signal;
      const waits = [spool.lease(signal), spool.lease(signal)];
      await taken(spool, batchOf('a'));
      await taken(spool, batchOf('b'));
      const leases = await Promise.all(waits);
      expect(leases.map((lease) => lease?.segment)).toEqual([1, 2]);
      await spool.close();
    });
  });
}
