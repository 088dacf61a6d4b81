import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdempotencyTable, type KeptKey } from './idempotency-table.ts';
import type { Repeat } from './record.ts';

const windowMs = 100;
const salt = Buffer.from('0123456789abcdef');

const hashOf = (n: number) => {
  const hash = Buffer.alloc(16);
  hash.writeUInt32LE(n, 4 * (n % 4)); // keys that differ in one word alone
  return new Uint8Array(hash);
};

/** The same hash inside a larger buffer, at an odd place, as it lies in a segment. */
const within = (hash: Uint8Array) => Buffer.concat([Buffer.alloc(3), hash]).subarray(3);

const keptKey = (key: number, ordinal: number, atMs: number): KeptKey => ({
  key: hashOf(key),
  body: hashOf(key + 1_000),
  ordinal,
  accepted: 1,
  rejected: ordinal % 3 === 0 ? [{ index: 0, code: 'malformed', detail: `${ordinal}` }] : [],
  atMs,
});

interface Known {
  readonly key: number;
  readonly kept: KeptKey;
  readonly segment: number;
}

/** The same promise, with a list: the first answer counts until its window is over. */
class Model {
  readonly maxKeys: number;
  known: Known[] = [];

  constructor(maxKeys: number) {
    this.maxKeys = maxKeys;
  }

  add(entry: Known, nowMs: number): void {
    if (this.maxKeys === 0 || nowMs - entry.kept.atMs >= windowMs) return;
    const same = this.find(entry.key);
    if (same !== undefined && nowMs - same.kept.atMs < windowMs) return;
    this.known = this.known.filter((other) => other !== same);
    while (this.known.length > 0) {
      const first = this.known[0] as Known;
      const tooMany = this.known.length >= this.maxKeys;
      if (!tooMany && nowMs - first.kept.atMs < windowMs) break;
      this.known.shift();
    }
    this.known.push(entry);
  }

  answer(key: number, nowMs: number): Repeat | undefined {
    const found = this.find(key);
    if (found === undefined || nowMs - found.kept.atMs >= windowMs) return undefined;
    const { ordinal, accepted, rejected, body } = found.kept;
    return { receipt: { receipt: `w-${found.segment}-${ordinal}`, accepted, rejected }, body };
  }

  find(key: number): Known | undefined {
    return this.known.find((entry) => entry.key === key);
  }
}

/** The key of this number, whatever its segment. */
function keysNumbered(table: IdempotencyTable, number: number | undefined): Uint8Array[] {
  if (number === undefined) return [];
  return [0, 1, 2, 3].flatMap((segment) =>
    [...table.keysOf({ writer: 'w', segment }, number, number + 1)].map(({ key }) => key),
  );
}

const steps = fc.array(
  fc.record({
    key: fc.nat(60),
    gapMs: fc.oneof({ weight: 20, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(150) }),
    ageMs: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.nat(120) },
    ),
    segment: fc.nat(3),
  }),
  { maxLength: 200 },
);

test('answers as a list would, whatever is added in whatever order', () => {
  fc.assert(
    fc.property(steps, fc.nat(40), (all, maxKeys) => {
      const table = new IdempotencyTable({ windowMs, maxKeys, salt });
      const model = new Model(maxKeys);
      let nowMs = 0;
      for (const [ordinal, { key, gapMs, ageMs, segment }] of all.entries()) {
        nowMs += gapMs;
        const kept = keptKey(key, ordinal, nowMs - ageMs);
        const given = { ...kept, key: within(kept.key), body: within(kept.body) };
        const name = { writer: 'w', segment };
        const number = table.add(name, given, nowMs);
        expect(table.add(name, given, nowMs)).toBe(number);
        expect(keysNumbered(table, number)).toEqual(number === undefined ? [] : [kept.key]);
        model.add({ key, kept, segment }, nowMs);
        expect(table.size).toBe(model.known.length);
        expect(table.oldestAtMs).toBe(model.known[0]?.kept.atMs);
        for (const asked of [key, (key + 1) % 61, (key * 7) % 61]) {
          expect(table.get(hashOf(asked), nowMs)).toEqual(model.answer(asked, nowMs));
        }
      }
      for (const segment of [0, 1, 2, 3]) {
        const expected = model.known.filter((entry) => entry.segment === segment);
        const found = table.keysOf({ writer: 'w', segment }, 0, Infinity);
        expect([...found]).toEqual(expected.map(({ kept }) => kept));
      }
    }),
  );
});

test('grows with what it holds, and finds every key', () => {
  const maxKeys = 5_000;
  const table = new IdempotencyTable({ windowMs, maxKeys, salt });
  for (let n = 0; n < 12_000; n += 1) table.add({ writer: 'w', segment: 1 }, keptKey(n, n, 0), 0);
  expect(table.size).toBe(maxKeys);
  for (let n = 0; n < 12_000; n += 1) {
    expect(table.get(hashOf(n), 0) === undefined).toBe(n < 12_000 - maxKeys);
  }
  expect([...table.keysOf({ writer: 'w', segment: 1 }, 11_990, Infinity)].length).toBe(10);
});
