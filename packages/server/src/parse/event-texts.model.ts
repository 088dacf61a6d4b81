import fc from 'fast-check';

const texts = fc.oneof(
  fc.constantFrom('', 'a', '1.0', '/s', 'a b', 'AAE=', '2026-01-31T12:00:00Z', 'é😀\u2028'),
  fc.string({ unit: 'binary' }),
);
const names = fc.oneof(
  fc.constantFrom('type', 'id', 'source', 'specversion', 'time', 'subject', 'data', 'data_base64'),
  fc.constantFrom('events', 'weirx', '__proto__', 'constructor', 'X', 'region', '0', ''),
);
const values = fc.oneof(texts, texts, fc.jsonValue(), fc.integer());
const members = fc.array(fc.tuple(names, values), { maxLength: 6 });

/** An object with attributes good and bad, names that repeat, and mostly a type. */
const objects = fc
  .tuple(members, fc.nat(4), fc.constantFrom('', ' ', '\t', '\r'))
  .map(([given, untyped, space]) => {
    const all = untyped === 0 ? given : [...given, ['type', 'a'] as const];
    const text = all.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    return `${space}{${text.join(`${space},`)}${space}}${space}`;
  });

/** The text of what a sender may send as an event: JSON, on one line. */
export const eventTexts: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: objects, weight: 9 },
  { arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)), weight: 1 },
);

export const eventLists: fc.Arbitrary<string[]> = fc.array(eventTexts, {
  minLength: 1,
  maxLength: 20,
});

/** White space that makes any body more than is parsed in one go. */
export const padding: string = ' '.repeat(300_000);
