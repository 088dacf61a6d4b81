import { describe, expect, test } from 'vitest';
import { readRecords } from '../delivery/segment-records.ts';
import type { StoredBatch } from './record.ts';
import type { SpoolOptions } from './segmented-spool.ts';
import {
  batchesIn,
  batchOf,
  leased,
  type MakeSpool,
  nextTexts,
  taken,
  testOptions,
  textsOf,
} from './spool-examples.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What a wait has come to: 'waiting' where it has not. */
function stateOf<T>(promise: Promise<T>): () => T | 'waiting' {
  let state: T | 'waiting' = 'waiting';
  promise.then(
    (value) => {
      state = value;
    },
    () => undefined,
  );
  return () => state;
}

const hourMs = 3_600_000;

/** When a segment is sealed. */
export function sealContract(make: MakeSpool): void {
  describe('spool contract: when a segment is sealed', () => {
    const sealing = async (changes: Partial<SpoolOptions['rules']>) => {
      const under = await make({ ...testOptions, rules: { ...testOptions.rules, ...changes } });
      const next = stateOf(nextTexts(under));
      /** What can be seen at once: enough to say that something is still waiting. */
      const soon = async (byMs = 0) => {
        under.world.advance(byMs);
        for (let i = 0; i < 20; i += 1) await settled();
        return next();
      };
      /** Looks until it is so: a real disk may be beneath. */
      const comes = (byMs = 0, look: () => unknown = next) => {
        under.world.advance(byMs);
        return expect.poll(look, { interval: 2, timeout: 10_000 });
      };
      return { ...under, soon, comes };
    };

    test('by its bytes', async () => {
      const { spool, soon, comes } = await sealing({ bytes: 1_000 });
      await taken(spool, batchOf('a'.repeat(500)));
      expect(await soon()).toBe('waiting');
      await taken(spool, batchOf('b'.repeat(500)));
      await comes().toHaveLength(2);
      await spool.close();
    });

    test('by the number of its events', async () => {
      const { spool, soon, comes } = await sealing({ events: 10 });
      await taken(spool, batchOf('a', { accepted: 9 }));
      expect(await soon()).toBe('waiting');
      await taken(spool, batchOf('b'));
      await comes().toEqual(['a', 'b']);
      await spool.close();
    });

    test('by age since its first batch', async () => {
      const { spool, world, soon, comes } = await sealing({ ageMs: 5_000 });
      world.advance(60_000);
      await taken(spool, batchOf('a'));
      expect(await soon(4_999)).toBe('waiting');
      expect(spool.status().oldestMs).toBe(4_999);
      await comes(1).toEqual(['a']);
      await spool.close();
    });

    test('at the end of the wall hour: every batch lies in the hour of its header', async () => {
      const { spool, world, read } = await make(testOptions);
      const toTheHour = hourMs - (world.date() % hourMs);
      world.advance(toTheHour - 1);
      await taken(spool, batchOf('before'));
      world.advance(1);
      await taken(spool, batchOf('after'));
      await spool.seal();
      const hours: number[] = [];
      for (const text of ['before', 'after']) {
        const lease = await leased(spool);
        const bytes = await read(lease);
        const { header } = readRecords(bytes);
        const [batch] = batchesIn(bytes);
        expect(textsOf([batch as StoredBatch])).toEqual([text]);
        expect(batch?.arrivedAtMs).toBeGreaterThanOrEqual(header.hourMs);
        expect(batch?.arrivedAtMs).toBeLessThan(header.hourMs + hourMs);
        hours.push(header.hourMs);
        await lease.done();
      }
      expect(hours[1]).toBe((hours[0] as number) + hourMs);
      await spool.close();
    });

    test('250 ms after somebody asked for it, at most once a second', async () => {
      const { spool, soon, comes } = await sealing({});
      spool.sealSoon(); // nothing is open: nothing to bring forward
      await taken(spool, batchOf('a'));
      spool.sealSoon();
      expect(await soon(249)).toBe('waiting');
      await comes(1).toEqual(['a']);
      const second = stateOf(spool.lease(new AbortController().signal));
      await taken(spool, batchOf('b'));
      spool.sealSoon();
      await soon(999);
      expect(second()).toBe('waiting');
      await comes(1, second).toMatchObject({ segment: 2 });
      await spool.close();
    });

    test('numbers are consecutive from 1, in a header that freezes all that delivery needs', async () => {
      const { spool, read } = await make({
        ...testOptions,
        rules: { ...testOptions.rules, events: 1 },
      });
      for (const text of ['a', 'b', 'c']) await taken(spool, batchOf(text));
      await spool.seal();
      for (const segment of [1, 2, 3]) {
        const lease = await leased(spool);
        const { header } = readRecords(await read(lease));
        expect(lease.segment).toBe(segment);
        expect(header).toMatchObject({
          version: 1,
          writer: lease.writer,
          segment,
          ...testOptions.header,
          sealBytes: testOptions.rules.bytes,
        });
        expect(header.idSeed).toMatch(/^[0-9a-f]{20}$/);
        await lease.done();
      }
      await spool.close();
    });
  });
}
