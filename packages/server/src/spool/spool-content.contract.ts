import { describe, expect, test } from 'vitest';
import { hashBody, hashKey } from './idempotency.ts';
import type { Batch, StoredBatch } from './record.ts';
import {
  batchesIn,
  batchOf,
  idOf,
  keyedBatch,
  leased,
  type MakeSpool,
  nextTexts,
  taken,
  testOptions,
  textsOf,
} from './spool-examples.ts';

/** What goes in comes out; and what a repeat is told. */
export function contentContract(make: MakeSpool): void {
  describe('spool contract: what goes in comes out', () => {
    test('lends what it took as it was given, in order, and forgets it when done', async () => {
      const { spool, read } = await make(testOptions);
      const full: Batch = {
        tenant: 'globex',
        keyId: 'k2',
        shape: 'array',
        accepted: 2,
        rejected: [{ index: 1, code: 'too_deep', detail: 'events[1]: “deep”' }],
        missing: Buffer.from([3, 8]),
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        idempotency: { key: hashKey('globex', 'k'), body: hashBody(Buffer.from('[]')) },
        body: Buffer.from('[{"n":12345678901234567890},[],{}]'),
      };
      const first = await taken(spool, batchOf('{"n":1}'));
      const second = await taken(spool, full);
      expect(second).toMatchObject({ accepted: 2, rejected: full.rejected });
      expect(spool.status()).toMatchObject({
        requests: 2,
        events: 3,
        segments: 1,
        queued: new Map([
          ['acme', 1],
          ['globex', 2],
        ]),
      });
      expect(spool.holding('globex')).toMatchObject({ requests: 1 });
      const held = ['acme', 'globex'].map((tenant) => spool.holding(tenant)?.bytes ?? 0);
      expect(held[1]).toBeGreaterThan(held[0] as number);
      expect((held[0] as number) + (held[1] as number)).toBe(spool.room.bytes);
      expect(spool.room).toMatchObject({ requests: 2, maxRequests: 100, maxBytes: 100_000 });
      await spool.seal();

      const lease = await leased(spool);
      const [, last] = batchesIn(await read(lease));
      const { arrivedAtMs, attributes, ...batch } = last as StoredBatch;
      expect({
        ...batch,
        body: Buffer.from(batch.body),
        missing: Buffer.from(batch.missing as Uint8Array),
        idempotency: {
          key: Buffer.from(batch.idempotency?.key ?? []),
          body: Buffer.from(batch.idempotency?.body ?? []),
        },
      }).toEqual(full);
      const { writer, segment } = lease;
      expect(idOf(first)).toEqual({ writer, segment, ordinal: 0 });
      expect(idOf(second)).toEqual({ writer, segment, ordinal: 1 });
      expect(spool.ownerOf(idOf(second))).toBe('globex');
      expect(spool.ownerOf({ ...idOf(second), ordinal: 2 })).toBeUndefined();

      await lease.done();
      expect(spool.ownerOf(idOf(second))).toBeUndefined();
      const nothing = { requests: 0, events: 0, bytes: 0, segments: 0, queued: new Map() };
      expect(spool.status()).toMatchObject(nothing);
      expect(spool.holding('globex')).toBeUndefined();
      expect(spool.room).toMatchObject({ requests: 0, bytes: 0 });
      await spool.close();
    });

    test('many at once, small and large, each get the receipt of their own place', async () => {
      const rules = { ...testOptions.rules, bytes: 2_000_000, events: 1_000 };
      const bounds = { maxRequests: 1_000, maxBytes: 10_000_000, minFreeBytes: 0 };
      const { spool, read } = await make({ ...testOptions, rules, bounds });
      const texts = Array.from(
        { length: 60 },
        (_, i) => `${i}:${'x'.repeat(i % 20 === 7 ? 300_000 : i)}`,
      );
      const receipts = await Promise.all(texts.map((text) => taken(spool, batchOf(text))));
      await spool.seal();
      const lease = await leased(spool);
      const found = textsOf(batchesIn(await read(lease)));
      expect(
        receipts.map((receipt) => found[idOf(receipt).ordinal] === texts[idOf(receipt).ordinal]),
      ).toEqual(texts.map(() => true));
      expect(new Set(receipts.map(({ receipt }) => receipt)).size).toBe(texts.length);
      expect(found.length).toBe(texts.length);
      await lease.done();
      await spool.close();
    });

    test('a segment goes back unless it is done, behind others that wait', async () => {
      const under = await make({ ...testOptions, rules: { ...testOptions.rules, events: 1 } });
      const { spool } = under;
      for (const text of ['a', 'b', 'c']) await taken(spool, batchOf(text));
      await spool.seal();
      const first = await leased(spool);
      first.release();
      first.release();
      expect(await nextTexts(under)).toEqual(['b']);
      expect(await nextTexts(under)).toEqual(['c']);
      expect(await nextTexts(under)).toEqual(['a']);
      await first.done(); // it is another's now: without effect
      expect(spool.status().segments).toBe(0);
      await spool.close();
    });

    test('a damaged segment is set aside, and named', async () => {
      const { spool } = await make(testOptions);
      await taken(spool, batchOf('a', { accepted: 3 }));
      await spool.seal();
      await (await leased(spool)).quarantine();
      const { events, quarantined, quarantinedSegments } = spool.status();
      expect({ events, quarantined }).toEqual({ events: 0, quarantined: new Map([['acme', 3]]) });
      expect(quarantinedSegments.length).toBe(1);
      await spool.close();
    });
  });

  describe('spool contract: repeats', () => {
    test('a key gives its first receipt and its rejections again, once it is safe', async () => {
      const { spool } = await make(testOptions);
      const key = hashKey('acme', 'k1');
      const rejected = [{ index: 1, code: 'too_deep' as const, detail: 'events[1]' }];
      expect(spool.repeat(key)).toBeUndefined();
      const answer = taken(spool, keyedBatch('a', 'k1', { rejected }));
      expect(spool.repeat(key)).toBeUndefined();
      const receipt = await answer;
      const repeat = spool.repeat(key);
      expect(repeat?.receipt).toEqual(receipt);
      expect(Buffer.from(repeat?.body ?? [])).toEqual(Buffer.from(hashBody(Buffer.from('a'))));
      expect(spool.repeat(hashKey('globex', 'k1'))).toBeUndefined();
      expect(spool.repeat(hashKey('acme', 'k2'))).toBeUndefined();
      await spool.close();
    });

    test('for the window, and for so many keys, also when the segment is done', async () => {
      const idempotency = { windowMs: 60_000, maxKeys: 3 };
      const { spool, world } = await make({ ...testOptions, idempotency });
      const knows = (key: string) => spool.repeat(hashKey('acme', key)) !== undefined;
      for (const key of ['1', '2', '3']) await taken(spool, keyedBatch(key, key));
      expect(spool.status().idempotencyWindowMs).toBe(0);
      world.advance(10_000);
      const lease = await leased(spool);
      await lease.done();
      expect(['1', '2', '3'].map(knows)).toEqual([true, true, true]);
      expect(spool.status().idempotencyWindowMs).toBe(10_000);
      await taken(spool, keyedBatch('4', '4'));
      expect(['1', '2', '3', '4'].map(knows)).toEqual([false, true, true, true]);
      world.advance(49_999);
      expect(['2', '3', '4'].map(knows)).toEqual([true, true, true]);
      world.advance(1);
      expect(['2', '3', '4'].map(knows)).toEqual([false, false, true]);
      await spool.close();
    });
  });
}
