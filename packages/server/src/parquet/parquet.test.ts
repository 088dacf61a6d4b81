import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { Lines } from '../delivery/lines.ts';
import { columnNames } from './columns.ts';
import { eventTimeUs } from './event-time.ts';
import { linesInParquet } from './read-object.ts';
import { ParquetObject, rowGroupBytes } from './write-object.ts';

const own = '"specversion":"1.0","id":"1","source":"/s","weirtenant":"dev","weirreceipt":"w-1-0"}';

function write(lines: readonly string[]): Buffer {
  const output = new Lines(16);
  const object = new ParquetObject(1, output);
  object.write(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  object.finish();
  return Buffer.from(output.view);
}

/** Rows as another program would see them. */
async function rowsOf(bytes: Buffer): Promise<Record<string, unknown>[]> {
  const file = Uint8Array.from(bytes).buffer;
  const compressors = { ZSTD: (page: Uint8Array) => zstdDecompressSync(page) };
  return await parquetReadObjects({ file, compressors });
}

test('an attribute has its column, data and extensions stay the JSON text that was sent', async () => {
  const line = `{"type":"t","data":{"b":12345678901234567890,"a":1.10},"time":"2026-11-21T14:34:31.5+02:00","n":-7,"k":"v",${own}`;
  const [row] = await rowsOf(write([line]));
  expect(Object.keys(row ?? {})).toEqual(columnNames);
  expect(row).toMatchObject({
    id: '1',
    type: 't',
    source: '/s',
    time: '2026-11-21T14:34:31.5+02:00',
    time_utc: new Date('2026-11-21T12:34:31.500Z'),
    data: '{"b":12345678901234567890,"a":1.10}',
    extensions: '{"n":-7,"k":"v"}',
    weirtenant: 'dev',
    weirreceipt: 'w-1-0',
    weirnames: 'type data time * * specversion id source',
    weirline: null,
    subject: null,
  });
});

test('what was sent with escapes or twice is read as JSON reads it, and its line kept', async () => {
  const line = `{"type":"a\\u0062","t\\u0079pe":"last","data":1,"data":2,"subject":"\\ud800",${own}`;
  const [row] = await rowsOf(write([line]));
  expect(row).toMatchObject({ type: 'last', data: '2', subject: '\ufffd', weirline: line });
});

test.each([
  ['2026-11-21T12:34:31Z', '2026-11-21T12:34:31.000Z', 0],
  ['2026-11-21t12:34:31.9876543z', '2026-11-21T12:34:31.987Z', 654],
  ['2026-11-21T00:00:00.000001+23:59', '2026-11-20T00:01:00.000Z', 1],
  ['2016-12-31T23:59:60.25Z', '2017-01-01T00:00:00.250Z', 0],
  ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z', 0],
])('the instant of %s is %s and %i µs', (text, iso, us) => {
  expect(eventTimeUs(text)).toBe(BigInt(Date.parse(iso)) * 1_000n + BigInt(us));
});

test('rows come in groups that end by bytes, and all are read again', async () => {
  const line = (n: number) => `{"type":"t","data":"${`${n}`.padEnd(1_000)}",${own}`;
  const lines = Array.from({ length: 9_000 }, (_, n) => line(n));
  const bytes = write(lines);
  const groups = parquetMetadata(Uint8Array.from(bytes).buffer).row_groups;
  expect(groups.length).toBe(Math.ceil((9_000 * ((lines[0]?.length ?? 0) + 1)) / rowGroupBytes));
  let count = 0;
  for await (const piece of linesInParquet(bytes, Infinity)) {
    for (const text of piece.toString().trimEnd().split('\n')) {
      expect(text === lines[count]).toBe(true);
      count += 1;
    }
  }
  expect(count).toBe(9_000);
});

test('a page that claims more than the object can hold is not unpacked', async () => {
  const bytes = write([`{"type":"t","data":"${'x'.repeat(3_000_000)}",${own}`]);
  await expect(linesInParquet(bytes, 1_000).next()).rejects.toThrow(/claims 3000\d+ bytes/);
});
