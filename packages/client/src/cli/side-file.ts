import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';

/** One line that was not taken, and why. */
export interface RejectedLine {
  readonly line: number;
  readonly code: string;
  readonly detail: string;
  readonly text: string;
}

/** Where rejected lines go. Made with the first of them. */
export class SideFile {
  readonly path: string;
  #descriptor: number | undefined;
  #bytes = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Length of the file as far as it is known here. */
  get bytes(): number {
    return this.#bytes;
  }

  add(lines: readonly RejectedLine[]): void {
    if (lines.length === 0) return;
    if (this.#descriptor === undefined) {
      this.#descriptor = openSync(this.path, 'a', 0o600);
      this.#bytes = fstatSync(this.#descriptor).size;
    }
    for (const { line, code, detail, text } of lines) {
      const said = `${JSON.stringify({ line, code, detail, event: eventOf(text) })}\n`;
      this.#bytes += writeSync(this.#descriptor, said);
    }
  }

  /** Counts on from what an earlier run left. */
  goOnFrom(bytes: number): void {
    this.#bytes = bytes;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

/** As JSON where it is some, so that the line can be mended and sent again. */
function eventOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
