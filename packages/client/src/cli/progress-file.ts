import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { UsageError } from './arguments.ts';
import type { LineBounds } from './line-batches.ts';

/** What a batch came to. */
export interface BatchCounts {
  readonly accepted: number;
  readonly rejected: number;
}

interface Head extends LineBounds {
  readonly version: 1;
  /** Names this sending: part of the keys that make repeats harmless. */
  readonly run: string;
  readonly size: number;
  readonly modifiedMs: number;
}

interface Entry extends BatchCounts {
  /** Where the batch begins in the file. */
  readonly from: number;
  /** Length of the side file of rejected lines, this batch's included. */
  readonly sideBytes: number;
}

/**
 * Remembers which batches of a file were answered, so that after a kill only the others are sent: with
 * the same keys, since a batch that was sent and not noted down may have been taken.
 */
export class ProgressFile {
  readonly run: string;
  /** Length of the side file when the last batch was noted. */
  readonly sideBytes: number;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #done = new Map<number, BatchCounts>();

  private constructor(path: string, run: string, entries: readonly Entry[]) {
    this.#path = path;
    this.run = run;
    this.sideBytes = entries.at(-1)?.sideBytes ?? 0;
    for (const { from, accepted, rejected } of entries)
      this.#done.set(from, { accepted, rejected });
    this.#descriptor = openSync(path, 'a', 0o600);
  }

  /** Goes on where an earlier run stopped, or begins. Throws a UsageError where the file has changed. */
  static open(
    file: string,
    sidePath: string,
    bounds: LineBounds,
    newRun: () => string,
  ): ProgressFile {
    const path = `${file}.weir-progress`;
    const { size, mtimeMs: modifiedMs } = statSync(file);
    if (!existsSync(path)) {
      const { batchEvents, batchBytes } = bounds;
      const head: Head = { version: 1, run: newRun(), size, modifiedMs, batchEvents, batchBytes };
      const made = new ProgressFile(path, head.run, []);
      made.#write(head);
      if (existsSync(sidePath)) unlinkSync(sidePath); // of a sending before this one
      return made;
    }
    const [head, entries] = read(path);
    if (head.size !== size || head.modifiedMs !== modifiedMs) {
      const what = `${file} has changed since it was sent in part`;
      throw new UsageError(`${what}: send the new lines as a file of their own, or remove ${path}`);
    }
    if (head.batchEvents !== bounds.batchEvents || head.batchBytes !== bounds.batchBytes) {
      const before = `--batch-events ${head.batchEvents} --batch-bytes ${head.batchBytes}`;
      throw new UsageError(`${file} was begun with ${before}: go on with the same`);
    }
    // What was written after the last note belongs to a batch that is sent again.
    if (existsSync(sidePath)) truncateSync(sidePath, entries.at(-1)?.sideBytes ?? 0);
    return new ProgressFile(path, head.run, entries);
  }

  /** What the batch that begins there came to; undefined where it is still to be sent. */
  done(from: number): BatchCounts | undefined {
    return this.#done.get(from);
  }

  note(from: number, counts: BatchCounts, sideBytes: number): void {
    this.#write({ from, ...counts, sideBytes });
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** All is sent: a later run begins anew. */
  remove(): void {
    this.close();
    unlinkSync(this.#path);
  }

  #write(line: object): void {
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`);
  }
}

function read(path: string): [Head, Entry[]] {
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop(); // empty, or cut off by a kill
  const [head, ...entries] = lines.map((line) => JSON.parse(line) as unknown);
  if ((head as Head | undefined)?.version !== 1) {
    throw new UsageError(`${path} cannot be read: remove it to begin anew`);
  }
  return [head as Head, entries as Entry[]];
}
