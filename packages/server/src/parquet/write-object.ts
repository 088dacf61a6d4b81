import { constants, zstdCompressSync } from 'node:zlib';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import type { Lines } from '../delivery/lines.ts';
import {
  columnNames,
  dataColumn,
  extensionsColumn,
  lineColumn,
  namesColumn,
  schema,
} from './columns.ts';
import { Rows } from './rows.ts';

/**
 * A row group ends with the line that reaches one of these: what is in memory at once, and what a
 * reader must hold to go through it.
 */
export const rowGroupBytes: number = 4 * 1024 * 1024;
const rowGroupRows = 65_536;

const newline = 0x0a;

/** Of these nobody asks for the least or the largest. */
const withoutStatistics: ReadonlySet<string> = new Set([
  dataColumn,
  'data_base64',
  extensionsColumn,
  namesColumn,
  lineColumn,
]);

/**
 * Writes lines as rows of one Parquet file, row group by row group, at once and on the calling thread.
 * The same lines in the same pieces always give the same bytes.
 */
export class ParquetObject {
  readonly #bytes = new ByteWriter(64 * 1024);
  readonly #writer: ParquetWriter;
  readonly #rows = new Rows();
  readonly #output: Lines;

  /**
   * Appends to `output`, when it is finished.
   *
   * @param level of zstd, which compresses each page
   */
  constructor(level: number, output: Lines) {
    this.#output = output;
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [...schema],
      codec: 'ZSTD',
      compressors: { ZSTD: (page) => zstdCompressSync(page, { params }) },
      createdBy: 'weir',
    });
  }

  /** Takes whole lines, each with its end; they are no longer needed afterwards. */
  write(piece: Buffer): void {
    let groupFrom = 0;
    for (let at = 0; at < piece.length; ) {
      const end = piece.indexOf(newline, at);
      this.#rows.add(piece, at, end);
      at = end + 1;
      if (at - groupFrom < rowGroupBytes && this.#rows.count < rowGroupRows) continue;
      this.#endGroup();
      groupFrom = at;
    }
    this.#endGroup();
  }

  finish(): void {
    void this.#writer.finish(); // into memory: it is done when it returns
    this.#output.appendAll(Buffer.from(this.#bytes.getBytes()));
  }

  #endGroup(): void {
    const { count, columns } = this.#rows;
    if (count === 0) return;
    const columnData = columnNames.map(
      (name): ColumnSource => ({
        name,
        data: columns.get(name) ?? [],
        statistics: !withoutStatistics.has(name),
      }),
    );
    void this.#writer.write({ columnData, rowGroupSize: count });
    this.#rows.clear();
  }
}
