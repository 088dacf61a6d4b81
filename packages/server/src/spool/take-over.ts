import { codeOf, type Files } from '@weir/segment-log/files';
import { NewerFormat } from '@weir/segment-log/frame';
import type { DiskSegments } from './disk-segments.ts';
import { recoverSegment, segmentsIn } from './recover-segment.ts';
import type { SegmentName } from './segment-store.ts';
import type { SegmentedSpool } from './segmented-spool.ts';
import type { KeyFiles } from './stored-keys.ts';
import { isWriter } from './writer.ts';

export interface TakeOverDeps {
  readonly files: Files;
  readonly root: string;
  readonly store: DiskSegments;
  readonly spool: SegmentedSpool;
  readonly keyFiles: KeyFiles;
  /** Tells a person of something that went wrong and will be tried again. */
  readonly warn: (message: string) => void;
}

/** Finds the directories of writers that died (whoever holds no lock is dead) and takes them in. */
export class TakeOver {
  readonly #deps: TakeOverDeps;
  /** Written by a newer version: left alone, and told of once. */
  readonly #newer = new Set<string>();

  constructor(deps: TakeOverDeps) {
    this.#deps = deps;
  }

  /** At start: throws `NewerFormat`, since an older version must not be put in its place unseen. */
  async atStart(): Promise<void> {
    const { keyFiles, spool } = this.#deps;
    for await (const { name, keys } of keyFiles.read()) spool.remember(name, keys);
    await this.#all({ isStart: true });
    await this.#removeEndedKeys();
  }

  /** Later: what a peer left that died since, and what could not be taken in before. */
  async again(): Promise<void> {
    const { warn } = this.#deps;
    await this.#removeEndedKeys();
    try {
      await this.#all({ isStart: false });
    } catch (error) {
      warn(`the spool could not look for the segments of others: ${messageOf(error)}`);
    }
  }

  async #removeEndedKeys(): Promise<void> {
    const { keyFiles, warn } = this.#deps;
    try {
      await keyFiles.removeEnded();
    } catch (error) {
      warn(`the spool could not remove idempotency keys that are over: ${messageOf(error)}`);
    }
  }

  async #all({ isStart }: { readonly isStart: boolean }): Promise<void> {
    const { files, root, store } = this.#deps;
    for (const writer of (await files.list(root)).filter(isWriter).sort()) {
      if (writer === store.writer || this.#newer.has(writer)) continue;
      try {
        await this.#one(writer, isStart);
      } catch (error) {
        if (error instanceof NewerFormat) this.#leaveAlone(writer, error, isStart);
        else if (codeOf(error) !== 'ENOENT') this.#failed(writer, error);
      }
    }
  }

  async #one(writer: string, isStart: boolean): Promise<void> {
    const { store } = this.#deps;
    if (!store.has(writer)) {
      if (!(await this.#lock(writer))) return;
      await store.removeUsed(writer).catch(() => undefined);
      if (!isStart) await this.#readKeys(writer);
    }
    await this.#segments(writer);
    await store.removeIfDone(writer);
  }

  async #lock(writer: string): Promise<boolean> {
    const { files, root, store } = this.#deps;
    const lock = await files.lock(`${root}/${writer}`);
    if (lock !== undefined) store.adopt(writer, lock);
    return lock !== undefined;
  }

  /** Those that writer kept of segments it had delivered; at start all were read. */
  async #readKeys(writer: string): Promise<void> {
    const { keyFiles, spool } = this.#deps;
    for await (const { name, keys } of keyFiles.read(writer)) spool.remember(name, keys);
  }

  async #segments(writer: string): Promise<void> {
    const { files, root, spool } = this.#deps;
    const breathe = () => new Promise<void>((resolve) => files.soon(resolve));
    for (const segment of await segmentsIn(files, `${root}/${writer}`)) {
      const name = { writer, segment };
      if (spool.has(name)) continue;
      const recovered = await this.#recover(name);
      if (recovered !== undefined) await spool.adopt(recovered, breathe);
    }
  }

  async #recover(name: SegmentName): ReturnType<typeof recoverSegment> {
    const { files, root } = this.#deps;
    try {
      return await recoverSegment(files, root, name);
    } catch (error) {
      if (error instanceof NewerFormat) throw error;
      if (codeOf(error) !== 'ENOENT') this.#failed(`${name.writer}-${name.segment}`, error);
      return undefined;
    }
  }

  #leaveAlone(writer: string, error: NewerFormat, isStart: boolean): void {
    const { root, store, warn } = this.#deps;
    store.abandon(writer);
    const message = `${root}/${writer}: ${error.message}`;
    if (isStart) throw new Error(message, { cause: error });
    this.#newer.add(writer);
    warn(message);
  }

  #failed(what: string, error: unknown): void {
    this.#deps.warn(`the spool could not take in ${what}, and will try again: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
