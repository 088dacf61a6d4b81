import fc from 'fast-check';

const spaced = fc
  .tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t', '\r\n '))
  .map(([value, space]) => JSON.stringify(value, null, space));

/** Text that is JSON but for an edit or two, which may well leave it JSON. */
const edited = fc
  .tuple(
    spaced,
    fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.nat(3),
        insert: fc.stringMatching(/^[[\]{}:,"\\u0-9.eE+\-tfn ]{0,3}$/),
      }),
      { maxLength: 2 },
    ),
  )
  .map(([text, edits]) => {
    let result = text;
    for (const { at, remove, insert } of edits) {
      const place = at % (result.length + 1);
      result = result.slice(0, place) + insert + result.slice(place + remove);
    }
    return result.toWellFormed();
  });
const tokens = fc.stringMatching(/^[[\]{}:,"\\/bfnrtu0-9.eE+\-tfn \n]{0,12}$/);
/** Text that is JSON, nearly JSON, or nothing like it. */
export const jsonTexts: fc.Arbitrary<string> = fc.oneof(spaced, edited, tokens, fc.string());

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
