import { Worker } from 'node:worker_threads';
import type { Lease } from '../spool/spool.ts';
import type { PackedSegment } from './pack.ts';
import type { PackReply } from './packer-thread.ts';

/** Makes objects of a leased segment, off the thread that answers requests. */
export interface Packer {
  pack(source: Lease['source'], signal: AbortSignal): Promise<PackedSegment>;
}

/**
 * One thread that packs one segment at a time; who comes meanwhile waits, so the queue is as long
 * as there are workers. A thread that dies fails the segment at hand and is replaced for the next.
 * An idle thread does not keep the process alive.
 */
export class ThreadPacker implements Packer {
  #thread: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

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
      if (reply.error !== undefined) throw reply.error;
      return reply.packed;
    } finally {
      thread.off('message', resolve).off('error', reject).off('exit', died);
      thread.unref();
    }
  }

  #start(): Worker {
    const thread = new Worker(new URL('./packer-thread.ts', import.meta.url), {
      name: 'weir-packer',
      resourceLimits,
    });
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
