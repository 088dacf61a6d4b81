/** What a command's exit code means; every help page ends with it. */
export const exits = { ok: 0, found: 1, usage: 2, trouble: 3, interrupted: 130 } as const;
export type ExitCode = (typeof exits)[keyof typeof exits];

/** How a command ended, for people and for machines. */
export interface Outcome {
  readonly exit: ExitCode;
  /** The answer itself, on standard output. */
  readonly lines: readonly string[];
  /** What a person should know besides, on standard error. */
  readonly notes?: readonly string[];
  /** With `--json` this alone, on standard output. */
  readonly json?: unknown;
  /** With `--csv` this alone: a header and its rows. */
  readonly csv?: readonly (readonly (string | number | null)[])[];
}

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Whether a person looks at standard error: then progress may be drawn over itself. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  /** Calls back on the first interrupt; returns what ends listening. A second one ends the process. */
  onInterrupt(stop: () => void): () => void;
}

/** The command was called wrongly, or was given something that is wrong. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export type Form = 'text' | 'json' | 'csv';

/** Prints the answer in the form that was asked for, and notes beside it. */
export function print(outcome: Outcome, form: Form, { out, err }: Output): ExitCode {
  const { exit, notes = [] } = outcome;
  for (const line of linesOf(outcome, form)) out(`${line}\n`);
  for (const note of notes) err(exit === exits.ok ? `${note}\n` : `weir-sim: ${note}\n`);
  return exit;
}

function linesOf({ lines, json, csv }: Outcome, form: Form): readonly string[] {
  if (form === 'json') return json === undefined ? [] : [JSON.stringify(json)];
  if (form === 'csv' && csv !== undefined) return csv.map((row) => row.map(csvCell).join(','));
  return lines;
}

/** RFC 4180. What is not finite has no number: the cell is empty. */
function csvCell(value: string | number | null): string {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return '';
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Pads columns so that they stand under each other: the first to the left, numbers to the right. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    rows.reduce((widest, row) => Math.max(widest, row[i]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
