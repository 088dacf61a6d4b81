import { Worker } from 'node:worker_threads';
import type { Lease } from '../spool/spool.ts';
import type { PackedSegment } from './pack.ts';
import type { PackReply } from './packer-thread.ts';
import { SegmentDamaged } from './segment-records.ts';

/**
 * Makes objects of a leased segment, off the thread that answers requests. Throws `SegmentDamaged`
 * where trying again would fail again.
 */
export interface Packer {
  pack(source: Lease['source'], signal: AbortSignal): Promise<PackedSegment>;
}

/**
 * One thread that packs one segment at a time; who comes meanwhile waits, so the queue is as long
 * as there are workers. A thread that dies fails the segment at hand and is replaced for the next.
 * An idle thread does not keep the process alive.
 */
export class ThreadPacker implements Packer {
  readonly #startThread: () => Worker;
  #thread: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(start: () => Worker = startThread) {
    this.#startThread = start;
  }

  async pack(source: Lease['source'], signal: AbortSignal): Promise<PackedSegment> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      signal.throwIfAborted();
      return await this.#ask(source);
    } finally {
      resolve();
    }
  }

  /** Ends the thread; a segment at hand fails. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread?.terminate();
  }

  async #ask(source: Lease['source']): Promise<PackedSegment> {
    if (this.#closed) throw new Error('the packer is closed');
    this.#thread ??= this.#start();
    const thread = this.#thread;
    const { promise, resolve, reject } = Promise.withResolvers<PackReply>();
    const died = () => reject(new Error('the packing thread ended'));
    thread.once('message', resolve).once('error', reject).once('exit', died);
    thread.ref();
    try {
      thread.postMessage(source);
      const reply = await promise;
      if ('packed' in reply) return reply.packed;
      throw reply.damaged ? new SegmentDamaged(reply.failed) : new Error(reply.failed);
    } finally {
      thread.off('message', resolve).off('error', reject).off('exit', died);
      thread.unref();
    }
  }

  #start(): Worker {
    const thread = this.#startThread();
    const forget = () => {
      if (this.#thread === thread) this.#thread = undefined;
    };
    thread.on('error', forget);
    thread.on('exit', forget);
    return thread;
  }
}

/** Of the heap alone: segments and lines lie outside of it, in buffers with bounds of their own. */
const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/** A thread that packs. */
export function startThread(): Worker {
  const file = new URL('./packer-thread.ts', import.meta.url);
  return new Worker(file, { name: 'weir-packer', resourceLimits, execArgv: [] });
}
