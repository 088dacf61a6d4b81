import { createReadStream, statSync } from 'node:fs';
import type { Failed, Taken } from '../attempt.ts';
import { type Batch, newBatch } from '../batch.ts';
import type { Item } from '../item.ts';
import { Tally } from '../tally.ts';
import { TextPages } from '../text-pages.ts';
import { utf8Length } from '../utf8.ts';
import type { WeirError } from '../weir-error.ts';
import type { SendArguments } from './arguments.ts';
import type { BatchSender } from './batch-sender.ts';
import { type Line, type LineBatch, lineBatches } from './line-batches.ts';
import { type BatchCounts, ProgressFile } from './progress-file.ts';
import { type RejectedLine, SideFile } from './side-file.ts';
import { withId } from './with-ids.ts';

/** What one file came to. */
export interface FileResult {
  readonly file: string;
  /** Lines taken by the server, in this run and before. */
  accepted: number;
  rejected: number;
  /** Of these, taken by an earlier run. */
  earlier: number;
  /** Bytes dealt with, and of how many. */
  bytes: number;
  readonly totalBytes: number | undefined;
  /** Where the rejected lines are, if there are any. */
  side: string | undefined;
  isWhole: boolean;
}

export interface SendFileDeps {
  readonly args: SendArguments;
  readonly sender: BatchSender;
  readonly newRun: () => string;
  readonly signal: AbortSignal;
}

/** The result of a file of which nothing is sent yet. */
export function newResult(file: string): FileResult {
  const totalBytes = file === '-' ? undefined : statSync(file).size;
  const counts = { accepted: 0, rejected: 0, earlier: 0, bytes: 0 };
  return { file, ...counts, totalBytes, side: undefined, isWhole: false };
}

/** Sends one file, or standard input, to its end; what is left when the signal ends it, stays for later. */
export async function sendFile(result: FileResult, deps: SendFileDeps): Promise<void> {
  const { args, newRun, signal } = deps;
  const { side, progress, source } = openFile(result.file, args, newRun);
  const sending = new Sending(result, { ...deps, side, progress, run: progress?.run ?? newRun() });
  try {
    for await (const batch of lineBatches(source, args)) {
      if (signal.aborted) break;
      await sending.add(batch);
    }
    result.isWhole = (await sending.end()) && !signal.aborted;
  } finally {
    side.close();
    if (result.isWhole) progress?.remove();
    else progress?.close();
  }
}

interface OpenFile {
  readonly side: SideFile;
  /** undefined for standard input, which cannot be read twice. */
  readonly progress: ProgressFile | undefined;
  readonly source: AsyncIterable<Uint8Array>;
}

function openFile(file: string, args: SendArguments, newRun: () => string): OpenFile {
  if (file === '-') {
    const side = new SideFile(args.rejected ?? 'stdin.rejected.ndjson');
    return { side, progress: undefined, source: process.stdin };
  }
  const side = new SideFile(args.rejected ?? `${file}.rejected.ndjson`);
  const progress = ProgressFile.open(file, side.path, args, newRun);
  side.goOnFrom(progress.sideBytes);
  return { side, progress, source: createReadStream(file) };
}

interface SendingDeps extends SendFileDeps {
  readonly side: SideFile;
  readonly progress: ProgressFile | undefined;
  readonly run: string;
}

/** The batches of one file that are under way. */
class Sending {
  readonly #result: FileResult;
  readonly #deps: SendingDeps;
  readonly #under = new Set<Promise<void>>();
  #isWhole = true;

  constructor(result: FileResult, deps: SendingDeps) {
    this.#result = result;
    this.#deps = deps;
  }

  /** Resolves when there is room for another. */
  async add(lines: LineBatch): Promise<void> {
    const before = this.#deps.progress?.done(lines.from);
    if (before !== undefined) {
      this.#count(lines, before);
      this.#result.earlier += before.accepted;
      if (before.rejected > 0) this.#result.side = this.#deps.side.path;
      return;
    }
    const sent = this.#send(lines).finally(() => this.#under.delete(sent));
    this.#under.add(sent);
    if (this.#under.size >= this.#deps.args.concurrency * 2) await Promise.race(this.#under);
  }

  /** Whether all batches have an answer. */
  async end(): Promise<boolean> {
    await Promise.all(this.#under);
    return this.#isWhole;
  }

  async #send(lines: LineBatch): Promise<void> {
    const { sender, run, signal } = this.#deps;
    const pages = new TextPages(); // gone with the batch
    const items = lines.lines.map((line) => itemOf(line, run, pages));
    const answer = new BatchAnswer(items, lines.lines);
    await sender.deliver(newBatch(`${run}-${lines.from}`, items), answer, signal);
    if (answer.isGivenUp) {
      this.#isWhole = false;
      return;
    }
    const { side, progress } = this.#deps;
    side.add(answer.rejected);
    const rejected = answer.rejected.length;
    const counts = { accepted: lines.lines.length - rejected, rejected };
    if (rejected > 0) this.#result.side = side.path;
    progress?.note(lines.from, counts, side.bytes);
    this.#count(lines, counts);
  }

  #count({ from, to }: LineBatch, { accepted, rejected }: BatchCounts): void {
    this.#result.accepted += accepted;
    this.#result.rejected += rejected;
    this.#result.bytes += to - from;
  }
}

/** Collects what becomes of the lines of one batch, in whatever parts it was sent. */
class BatchAnswer {
  readonly rejected: RejectedLine[] = [];
  isGivenUp = false;
  readonly #lines: Map<Item, Line>;

  constructor(items: readonly Item[], lines: readonly Line[]) {
    this.#lines = new Map(items.map((item, i) => [item, lines[i] as Line]));
  }

  taken(batch: Batch, { rejected }: Taken): void {
    for (const { index, code, detail } of rejected) this.#reject(batch.items[index], code, detail);
  }

  refused(batch: Batch, { rejected }: Failed, error: WeirError): void {
    const named = new Map(rejected.map((one) => [one.index, one]));
    for (const [index, item] of batch.items.entries()) {
      const why = named.get(index);
      this.#reject(item, why?.code ?? error.code, why?.detail ?? error.message);
    }
  }

  givenUp(): void {
    this.isGivenUp = true;
  }

  #reject(item: Item | undefined, code: string, detail: string): void {
    const line = item === undefined ? undefined : this.#lines.get(item);
    if (line !== undefined)
      this.rejected.push({ line: line.number, code, detail, text: line.text });
  }
}

const uncounted = new Tally(0);

function itemOf(line: Line, run: string, pages: TextPages): Item {
  const text = withId(line, run);
  const nobody = { orderingKey: undefined, traceparent: undefined, waiter: undefined };
  const state = { spooled: undefined, place: 0, queuedMs: 0, isGone: false, isCut: true };
  const bytes = utf8Length(text);
  const at = pages.keep(text, bytes);
  return { page: pages.page, at, bytes, tally: uncounted, ...nobody, ...state };
}
