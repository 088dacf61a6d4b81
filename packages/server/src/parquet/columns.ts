import type { SchemaElement } from 'hyparquet';

/**
 * Attributes that have a column of their own, in the order of columns. The first three and the two of
 * weir's are in every line.
 */
export const textColumns = [
  'id',
  'type',
  'source',
  'subject',
  'time',
  'specversion',
  'datacontenttype',
  'dataschema',
  'data_base64',
  'weirtenant',
  'weirreceipt',
] as const;
export type TextColumn = (typeof textColumns)[number];

/** Members whose JSON text is kept as it was sent. */
export const dataColumn = 'data';
/** All other attributes of an event, as the text of one JSON object, in their order. */
export const extensionsColumn = 'extensions';
/** `time` as an instant, where it names one. */
export const instantColumn = 'time_utc';

/**
 * What makes a line again out of its row, byte for byte. `weirnames` has the names of its members in
 * their order, with `*` for an extension; where that does not suffice, `weirline` has the line.
 */
export const namesColumn = 'weirnames';
export const lineColumn = 'weirline';

/** In `weirnames`: the next of the extensions. */
export const extensionMark = '*';

const required: ReadonlySet<string> = new Set([
  'id',
  'type',
  'source',
  'specversion',
  'weirtenant',
  'weirreceipt',
  namesColumn,
]);

/** Every column, in order. */
export const columnNames: readonly string[] = [
  ...textColumns.slice(0, 5),
  instantColumn,
  ...textColumns.slice(5, 8),
  dataColumn,
  'data_base64',
  extensionsColumn,
  ...textColumns.slice(9),
  namesColumn,
  lineColumn,
];

/** The schema of every Parquet object of weir's; documented in docs/reading.md. */
export const schema: SchemaElement[] = [
  { name: 'event', num_children: columnNames.length },
  ...columnNames.map(elementOf),
];

function elementOf(name: string): SchemaElement {
  const repetition = required.has(name) ? 'REQUIRED' : 'OPTIONAL';
  if (name !== instantColumn) {
    return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: repetition };
  }
  return {
    name,
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
    repetition_type: repetition,
  };
}
