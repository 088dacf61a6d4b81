import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonValues } from '../delivery/json-text.model.ts';
import { Lines } from '../delivery/lines.ts';
import { linesInParquet, tailsInParquet } from './read-object.ts';
import { ParquetObject } from './write-object.ts';

const texts = fc
  .array(
    fc.constantFrom('a', ' ', 'é', '🦦', '{', '}', ',', '\\"', '\\\\', '\\u0041', '\\ud800', '\\/'),
  )
  .map((parts) => `"${parts.join('')}"`);
const times = fc.constantFrom(
  '"2026-11-21T12:34:31.984Z"',
  '"2026-11-21T23:59:60+02:00"',
  '"0000-02-29t00:00:00.123456789z"',
);
const known = ['subject', 'datacontenttype', 'dataschema', 'data_base64', 'type', 'id'];
const names = fc.constantFrom(...known, 's\\u0075bject', 'd\\u0061ta');
const scalars = fc.constantFrom('true', '-2147483648', '0', '"x"', '"\\n"');
const members = fc.oneof(
  fc
    .tuple(names, texts)
    .map(([name, text]) => (name.includes('data') ? member(name) : member(name, text))),
  jsonValues.map(({ compact }) => member('data', compact)),
  fc
    .tuple(fc.stringMatching(/^[a-z0-9]{1,5}$/), scalars)
    .map(([name, value]) => member(`x${name}`, value)),
);

function member(name: string, value = '"QQ=="'): string {
  return `"${name}":${value}`;
}

/** Lines as weir makes them: all required attributes, those of weir last; anything else before. */
const lines = fc
  .array(fc.tuple(fc.array(members, { maxLength: 6 }), texts, times, fc.nat(9)), {
    minLength: 1,
    maxLength: 30,
  })
  .map((events) =>
    events.map(([sent, id, time, tenant], index) => {
      const added = [
        member('type', '"t"'),
        member('id', id),
        member('source', '"/s"'),
        member('time', time),
      ];
      const own = [member('weirtenant', `"t${tenant}"`), member('weirreceipt', `"w-1-${index}"`)];
      return `{${[...sent, ...added, member('specversion', '"1.0"'), ...own].join(',')}}\n`;
    }),
  );

function write(pieces: readonly string[]): Buffer {
  const output = new Lines(16);
  const object = new ParquetObject(1, output);
  for (const piece of pieces) object.write(Buffer.from(piece));
  object.finish();
  return Buffer.from(output.view);
}

async function read(bytes: Uint8Array): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of linesInParquet(bytes, 1_000_000)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

test('every line comes out of Parquet byte for byte as it went in', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(30), async (all, at) => {
      const pieces = [all.slice(0, at).join(''), all.slice(at).join('')];
      const bytes = write(pieces);
      expect(await read(bytes)).toBe(all.join(''));
      expect(write(pieces).equals(bytes), 'equal lines, equal bytes').toBe(true);
      const tails = [];
      for await (const some of tailsInParquet(bytes, 1_000_000)) tails.push(...some);
      expect(tails).toEqual(
        all.map((line) => {
          const { weirtenant: tenant, weirreceipt: receipt } = JSON.parse(line);
          return { tenant, receipt };
        }),
      );
    }),
    { numRuns: 150 },
  );
});
