import { setImmediate as turn } from 'node:timers/promises';
import { systemWorld } from '@weir/core/world/system';
import type { Output } from './outcome.ts';

/** How far long work came. */
export interface Progress {
  readonly done: number;
  readonly isComplete: boolean;
}

const turnEveryMs = 50;
const drawEveryMs = 200;
const sayEveryMs = 5_000;

/**
 * Does `total` pieces of work, one after the other, and tells on standard error how far it is. An
 * interrupt ends it after the piece under way: what was done until then stays.
 */
export async function longWork(
  total: number,
  title: string,
  output: Output,
  piece: (index: number) => void,
): Promise<Progress> {
  let isStopped = false;
  const ignore = output.onInterrupt(() => {
    isStopped = true;
  });
  const progress = new ProgressLine(total, title, output);
  let done = 0;
  let turnedMs = systemWorld.now();
  try {
    for (; done < total && !isStopped; done += 1) {
      piece(done);
      const nowMs = systemWorld.now();
      if (nowMs - turnedMs < turnEveryMs) continue;
      progress.show(done + 1, nowMs);
      await turn(); // signals are heard between turns only
      turnedMs = nowMs;
    }
  } finally {
    progress.clear();
    ignore();
  }
  return { done, isComplete: done === total };
}

/** Draws over itself on a terminal; elsewhere says something every few seconds. */
class ProgressLine {
  readonly #total: number;
  readonly #title: string;
  readonly #output: Output;
  #shownMs: number;
  #isDrawn = false;

  constructor(total: number, title: string, output: Output) {
    this.#total = total;
    this.#title = title;
    this.#output = output;
    this.#shownMs = systemWorld.now();
  }

  show(done: number, nowMs: number): void {
    const { isTerminal, err } = this.#output;
    if (nowMs - this.#shownMs < (isTerminal ? drawEveryMs : sayEveryMs)) return;
    this.#shownMs = nowMs;
    const text = `${this.#title}: ${done} of ${this.#total}`;
    err(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    this.#isDrawn = isTerminal;
  }

  clear(): void {
    if (this.#isDrawn) this.#output.err('\r\u001b[K');
  }
}
