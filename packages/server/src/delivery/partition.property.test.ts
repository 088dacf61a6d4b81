import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownTenants, type TenantShare } from './partition.ts';
import { exampleHeader } from './segment-of.ts';

const shares: fc.Arbitrary<TenantShare[]> = fc.uniqueArray(
  fc.record({ tenant: fc.stringMatching(/^[a-z][a-z0-9]{0,3}$/), bytes: fc.nat(20) }),
  { selector: ({ tenant }) => tenant, maxLength: 40 },
);
const caps = fc.integer({ min: 1, max: 20 });

function choose(given: readonly TenantShare[], maxObjects: number, full: boolean): string[] {
  const header = { ...exampleHeader, maxObjects, sealBytes: 1_000, ownObjectBytes: 10 };
  return ownTenants(given, header, full ? 1_000 : 999);
}

test('never makes more objects than it may, `_mixed` included', () => {
  fc.assert(
    fc.property(shares, caps, fc.boolean(), (given, cap, full) => {
      const own = choose(given, cap, full);
      expect(own.length + (own.length < given.length ? 1 : 0)).toBeLessThanOrEqual(cap);
    }),
  );
});

test('does not depend on the order in which tenants were met', () => {
  fc.assert(
    fc.property(shares, caps, fc.boolean(), (given, cap, full) => {
      expect(choose(given.toReversed(), cap, full)).toEqual(choose(given, cap, full));
    }),
  );
});

test('who is mixed has no more than who has an object of its own', () => {
  fc.assert(
    fc.property(shares, caps, fc.boolean(), (given, cap, full) => {
      const own = new Set(choose(given, cap, full));
      const bytesOf = (mine: boolean) =>
        given.filter(({ tenant }) => own.has(tenant) === mine).map(({ bytes }) => bytes);
      expect(Math.min(...bytesOf(true))).toBeGreaterThanOrEqual(Math.max(...bytesOf(false), 0));
    }),
  );
});

test('of a full segment only who has enough gets its own; of another one everybody, if they fit', () => {
  fc.assert(
    fc.property(shares, (given) => {
      const worthy = given.filter(({ bytes }) => bytes >= 10).map(({ tenant }) => tenant);
      expect(choose(given, 50, true).toSorted()).toEqual(worthy.toSorted());
      const all = given.map(({ tenant }) => tenant);
      expect(choose(given, 40, false).toSorted()).toEqual(all.toSorted());
    }),
  );
});
