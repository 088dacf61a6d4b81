import { zstdDecompressSync } from 'node:zlib';
import type { AsyncBuffer, ParquetScan } from 'hyparquet';
import type { LineTail } from '../delivery/line-tail.ts';
import { columnNames, instantColumn } from './columns.ts';
import { joinLine } from './join-line.ts';

/** What a reader of a Parquet object must bear: metadata and dictionaries beside the lines. */
const slackBytes = 1024 * 1024;

/** The lines of a Parquet object, each with its end, a row group at a time. */
export async function* linesInParquet(
  bytes: Uint8Array,
  maxBytes: number,
): AsyncGenerator<Buffer, void, void> {
  const columns = columnNames.filter((name) => name !== instantColumn);
  const scan = await openScan(bytes, columns, maxBytes);
  for (const range of scan.ranges) {
    const cells = await readColumns(scan, columns, range);
    const count = range.rowEnd - range.rowStart;
    const parts: Buffer[] = [];
    for (let row = 0; row < count; row += 1) {
      parts.push(
        joinLine((column) => cells.get(column)?.[row] ?? undefined),
        newline,
      );
    }
    yield Buffer.concat(parts);
  }
}

/** What the line of each row ends with, a row group at a time; reads nothing else of the object. */
export async function* tailsInParquet(
  bytes: Uint8Array,
  maxBytes: number,
): AsyncGenerator<readonly LineTail[], void, void> {
  const columns = ['weirtenant', 'weirreceipt'];
  const scan = await openScan(bytes, columns, maxBytes);
  for (const range of scan.ranges) {
    const cells = await readColumns(scan, columns, range);
    const receipts = cells.get('weirreceipt') ?? [];
    const tenants = cells.get('weirtenant') ?? [];
    yield receipts.map((receipt, row) => ({
      tenant: textOf(tenants[row]),
      receipt: textOf(receipt),
    }));
  }
}

type Cells = readonly (Uint8Array | null | undefined)[];
const newline = Buffer.from('\n');

function textOf(cell: Uint8Array | null | undefined): string {
  return Buffer.from(cell ?? []).toString('latin1');
}

/** Throws where a page claims to hold more than `maxBytes` of lines could need. */
async function openScan(
  bytes: Uint8Array,
  columns: string[],
  maxBytes: number,
): Promise<ParquetScan> {
  // Loaded only here: who stores no Parquet neither waits for it nor keeps it in memory.
  const { parquetScan } = await import('hyparquet');
  return await parquetScan({
    file: fileOf(bytes),
    columns,
    compressors: {
      ZSTD: (page, length) => {
        if (length > maxBytes + slackBytes) throw new Error(`a page claims ${length} bytes`);
        return zstdDecompressSync(page, { maxOutputLength: Math.max(1, length) });
      },
    },
    // Text stays bytes: decoding it would cost time, and could change it.
    parsers: { stringFromBytes: (cell: Uint8Array) => cell },
  });
}

function fileOf(bytes: Uint8Array): AsyncBuffer {
  return {
    byteLength: bytes.byteLength,
    slice: (from, to) => Uint8Array.from(bytes.subarray(from, to)).buffer,
  };
}

async function readColumns(
  scan: ParquetScan,
  columns: readonly string[],
  range: ParquetScan['ranges'][number],
): Promise<ReadonlyMap<string, Cells>> {
  const cells = new Map<string, Cells>();
  for (const column of columns) {
    const found: unknown = await scan.readColumn({ column, ...range });
    cells.set(column, found as Cells);
  }
  return cells;
}
