import { showGiven } from '../problems.ts';

/** What a command's exit code means; every help page ends with it. */
export const exits = { ok: 0, found: 1, usage: 2, trouble: 3 } as const;
export type ExitCode = (typeof exits)[keyof typeof exits];

/** How a command ended, for people and for machines. */
export interface Outcome {
  readonly exit: ExitCode;
  /** The answer itself, on standard output. */
  readonly lines: readonly string[];
  /** What a person should know besides, on standard error. */
  readonly notes?: readonly string[];
  /** With `--json` this alone, on standard output; absent where the answer is JSON as it is. */
  readonly json?: unknown;
}

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Resolves when there is room for more: for answers of any length. */
  bytes(bytes: Uint8Array): Promise<void>;
}

/** Something is wrong with what was looked at: all of it, line by line. */
export function found(problems: readonly string[]): Outcome {
  return { exit: exits.found, lines: [], notes: problems, json: { problems } };
}

/** The command was called wrongly. */
export function misused(problem: string): Outcome {
  return { exit: exits.usage, lines: [], notes: [problem], json: { problems: [problem] } };
}

/** An argument is not of the form it must have. */
export function wrongArgument(name: string, expected: string, given: string): Outcome {
  return misused(`${name}: expected ${expected}, given ${showGiven(given)}`);
}

export function print(outcome: Outcome, asJson: boolean, { out, err }: Output): ExitCode {
  const { exit, lines, notes = [], json } = outcome;
  if (asJson) {
    if (json !== undefined) out(`${JSON.stringify(json)}\n`);
    return exit;
  }
  for (const line of lines) out(`${line}\n`);
  for (const note of notes) err(exit === exits.ok ? `${note}\n` : `weir: ${note}\n`);
  return exit;
}

/** Pads columns so that they stand under each other. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    rows.reduce((widest, row) => Math.max(widest, row[i]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join('  ')
      .trimEnd(),
  );
}

/** `1 object`, `2 objects`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
