import { extensionMark } from './columns.ts';
import { visitMembers } from './split-line.ts';

/** Cells of a row, by column, as bytes of UTF-8; undefined where it has none. */
export type RowCells = (column: string) => Uint8Array | undefined;

const quote = Buffer.from('"');
const start = Buffer.from('{');
const next = Buffer.from(',');

/** The line that a row was made of, byte for byte, without its end. */
export function joinLine(cells: RowCells): Buffer {
  const line = cells('weirline');
  if (line !== undefined) return bufferOf(line);
  const names = bufferOf(cells('weirnames')).toString('latin1');
  const extensions = extensionsIn(cells('extensions'));
  const parts: Buffer[] = [];
  for (const name of [...names.split(' '), 'weirtenant', 'weirreceipt']) {
    parts.push(parts.length === 0 ? start : next);
    if (name === extensionMark) {
      parts.push(extensions.shift() ?? Buffer.alloc(0));
      continue;
    }
    const value = bufferOf(cells(name));
    parts.push(Buffer.from(`"${name}":`, 'latin1'));
    if (name === 'data') parts.push(value);
    else parts.push(quote, value, quote);
  }
  parts.push(Buffer.from('}'));
  return Buffer.concat(parts);
}

/** Each with its name, as they were sent. */
function extensionsIn(cell: Uint8Array | undefined): Buffer[] {
  if (cell === undefined) return [];
  const text = bufferOf(cell);
  const found: Buffer[] = [];
  visitMembers(text, 0, text.length, ({ nameFrom, valueTo }) => {
    found.push(text.subarray(nameFrom - 1, valueTo));
  });
  return found;
}

function bufferOf(bytes: Uint8Array | undefined): Buffer {
  if (bytes === undefined) throw new Error('a row lacks a value that its line had');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
