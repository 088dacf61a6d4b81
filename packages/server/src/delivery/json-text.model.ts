import fc from 'fast-check';

/** A JSON text in two forms: as some sender formatted it, and without whitespace. */
export interface JsonText {
  readonly sent: string;
  readonly compact: string;
}

const escapes = ['\\"', '\\\\', '\\/', '\\n', '\\u0041', '\\u007D', '\\ud83e\\udda6', '\\u0000'];
const pieces = fc.oneof(
  fc.constantFrom(...escapes, '{', '}', '[', ']', ':', ',', ' ', '  ', 'é', '日本', '🦦', '\u2028'),
  fc.stringMatching(/^[a-zA-Z0-9 .{}[\],:-]{0,90}$/),
);
const strings = fc.array(pieces, { maxLength: 6 }).map((parts) => `"${parts.join('')}"`);
const scalars = fc.oneof(
  strings,
  fc.constantFrom('true', 'false', 'null', '-0', '1e400', '12345678901234567890.10', '0.1E-7'),
  fc.integer().map(String),
);
// No name begins with a backslash: once it met one, V8 14.6 misreads escaped names that follow.
const names = fc.oneof(
  fc.constantFrom('"__proto__"', '"a"', '"\\u0061"', '""'),
  strings.map((text) => `"n${text.slice(1)}`),
);
const blanks = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

/** Tokens of a value; between any two of them whitespace may stand. */
const { tokens } = fc.letrec<{ tokens: string[]; members: string[]; elements: string[] }>(
  (tie) => ({
    tokens: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      scalars.map((scalar) => [scalar]),
      tie('members').map((inner) => ['{', ...inner, '}']),
      tie('elements').map((inner) => ['[', ...inner, ']']),
    ),
    members: fc
      .array(fc.tuple(names, tie('tokens')), { maxLength: 4 })
      .map((members) => members.flatMap(([name, value], i) => [...comma(i), name, ':', ...value])),
    elements: fc
      .array(tie('tokens'), { maxLength: 4 })
      .map((elements) => elements.flatMap((value, i) => [...comma(i), ...value])),
  }),
);

function comma(index: number): string[] {
  return index === 0 ? [] : [','];
}

/** Writes tokens down with these blanks between them, used in turn. */
export function format(parts: readonly string[], gaps: readonly string[]): JsonText {
  const sent = parts.map((part, i) => (gaps[i % Math.max(1, gaps.length)] ?? '') + part).join('');
  return { sent, compact: parts.join('') };
}

export const gapLists: fc.Arbitrary<string[]> = fc.array(blanks, { maxLength: 7 });

/** Any JSON value. */
export const jsonValues: fc.Arbitrary<JsonText> = fc
  .tuple(tokens, gapLists)
  .map(([parts, gaps]) => format(parts, gaps));

/** Tokens of an event: an object with at least a type. */
export const eventTokens: fc.Arbitrary<string[]> = fc
  .tuple(fc.array(fc.tuple(names, tokens), { maxLength: 4 }), fc.nat(4))
  .map(([members, place]) => {
    const all = members.map(([name, value]) => [name, ':', ...value]);
    all.splice(place, 0, ['"type"', ':', '"t"']);
    return ['{', ...all.flatMap((member, i) => [...comma(i), ...member]), '}'];
  });
