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
const sayEveryMs = 3_000;

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
  const progress = new ProgressLine(output, (count) => `${title}: ${count} of ${total}`);
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
export class ProgressLine {
  readonly #output: Output;
  readonly #text: (done: number) => string;
  #shownMs: number;
  #isDrawn = false;

  constructor(output: Output, text: (done: number) => string) {
    this.#output = output;
    this.#text = text;
    this.#shownMs = systemWorld.now();
  }

  show(done: number, nowMs: number): void {
    const { isTerminal, err } = this.#output;
    if (nowMs - this.#shownMs < (isTerminal ? drawEveryMs : sayEveryMs)) return;
    this.#shownMs = nowMs;
    const text = this.#text(done);
    err(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    this.#isDrawn = isTerminal;
  }

  clear(): void {
    if (this.#isDrawn) this.#output.err('\r\u001b[K');
  }
}
