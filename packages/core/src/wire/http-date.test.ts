import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHttpDate } from './http-date.ts';

test('agrees with the host’s calendar on every day from 1970 to 9999', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      const text = new Date(seconds * 1_000).toUTCString();
      expect(parseHttpDate(text)).toBe(seconds * 1_000);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['Thu, 29 Feb 2024 00:00:00 GMT', 1_709_164_800_000],
  ['Tue, 29 Feb 2000 23:59:59 GMT', 951_868_799_000],
  ['Fri, 31 Dec 1999 23:59:60 GMT', 946_684_800_000],
])('%s', (text, expected) => {
  expect(parseHttpDate(text)).toBe(expected);
});

test.each([
  '',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  'Sun Nov  6 08:49:37 1994',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49:37 CET',
  'Sun, 06 Nov 1994 24:00:00 GMT',
  'Sun, 06 Nov 1994 08:60:00 GMT',
  'Sun, 06 Nov 1994 08:00:61 GMT',
  'Sun, 31 Nov 1994 08:49:37 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  'Thu, 29 Feb 1900 00:00:00 GMT',
  'Thu, 29 Feb 2023 00:00:00 GMT',
  'Thu, 29 Anf 2023 00:00:00 GMT',
  'Thu, 29 Xyz 2023 00:00:00 GMT',
])('“%s” is no date of HTTP', (text) => {
  expect(parseHttpDate(text)).toBeUndefined();
});
