import {
  columnNames,
  dataColumn,
  extensionMark,
  extensionsColumn,
  instantColumn,
  lineColumn,
  namesColumn,
  type TextColumn,
  textColumns,
} from './columns.ts';
import { eventTimeUs } from './event-time.ts';
import { type Member, visitMembers } from './split-line.ts';

type Cell = string | Uint8Array | bigint | undefined;

const hasColumn: ReadonlySet<string> = new Set<string>([...textColumns, dataColumn]);
const isOwn: ReadonlySet<string> = new Set<TextColumn>(['weirtenant', 'weirreceipt']);

/** What is gathered of a line. */
interface Reading {
  readonly source: Buffer;
  /** Names of the members but weir's own, as in `weirnames`. */
  names: string;
  /** The extensions, each a view with name and value; most events have none. */
  readonly extensions: Buffer[];
  /** Whether names and columns suffice to make the line again. */
  exact: boolean;
}

/**
 * Rows of a Parquet object on their way, column by column, until there are enough for a row group.
 * Cells may be views of the lines they came from.
 */
export class Rows {
  readonly columns: ReadonlyMap<string, Cell[]> = new Map(columnNames.map((name) => [name, []]));
  count = 0;

  /** Takes the line in `source[from, to)`, its end excluded; it is one that weir made. */
  add(source: Buffer, from: number, to: number): void {
    const reading: Reading = { source, names: '', extensions: [], exact: true };
    visitMembers(source, from, to, (member) => this.#take(reading, member));
    const { names, extensions, exact } = reading;
    this.#set(namesColumn, names.slice(1));
    if (extensions.length > 0) this.#set(extensionsColumn, Buffer.from(`{${extensions.join()}}`));
    if (!exact) this.#set(lineColumn, source.subarray(from, to));
    const time = this.#cell('time');
    if (typeof time === 'string') this.#set(instantColumn, eventTimeUs(time));
    this.count += 1;
    for (const column of this.columns.values()) {
      if (column.length < this.count) column.push(undefined);
    }
  }

  clear(): void {
    for (const column of this.columns.values()) column.length = 0;
    this.count = 0;
  }

  #take(reading: Reading, member: Member): void {
    const { source } = reading;
    const { nameFrom, nameTo, valueFrom, valueTo } = member;
    const name = nameIn(reading, nameFrom, nameTo);
    if (!hasColumn.has(name)) {
      reading.names += ` ${extensionMark}`;
      reading.extensions.push(source.subarray(nameFrom - 1, valueTo));
      return;
    }
    if (this.#cell(name) !== undefined) reading.exact = false; // given twice: the last one counts
    if (!isOwn.has(name)) reading.names += ` ${name}`;
    this.#set(
      name,
      name === dataColumn
        ? source.subarray(valueFrom, valueTo)
        : textIn(reading, valueFrom, valueTo),
    );
  }

  #cell(name: string): Cell {
    return this.columns.get(name)?.[this.count];
  }

  #set(name: string, cell: Cell): void {
    const column = this.columns.get(name);
    if (column !== undefined) column[this.count] = cell;
  }
}

/** The name of a member; one that was sent with escapes cannot be made again out of itself. */
function nameIn(reading: Reading, from: number, to: number): string {
  const name = reading.source.toString('latin1', from, to);
  if (!name.includes('\\')) return name;
  const decoded = JSON.parse(`"${name}"`) as string;
  if (hasColumn.has(decoded)) reading.exact = false;
  return decoded;
}

/** What a JSON string says. With escapes there are many ways to write the same. */
function textIn(reading: Reading, from: number, to: number): string {
  const text = reading.source.toString('utf8', from + 1, to - 1);
  if (!text.includes('\\')) return text;
  reading.exact = false;
  return (JSON.parse(`"${text}"`) as string).toWellFormed();
}
