import type { World } from '@weir/core/world/world';

/** What is known while it runs. */
export interface Progress {
  readonly sent: number;
  readonly rejected: number;
  readonly limited: number;
  /** Bytes read, and of how many; undefined where that is not known. */
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  readonly trouble: string | undefined;
}

const everyMs = { terminal: 200, log: 5_000 };

/** A line that is written over on a terminal, and now and then a new one elsewhere. */
export class ProgressLine {
  readonly #world: World;
  readonly #out: NodeJS.WriteStream;
  readonly #read: () => Progress;
  readonly #startedMs: number;
  #cancel: (() => void) | undefined;
  #width = 0;

  constructor(world: World, out: NodeJS.WriteStream, read: () => Progress) {
    this.#world = world;
    this.#out = out;
    this.#read = read;
    this.#startedMs = world.now();
  }

  start(): void {
    const pauseMs = this.#out.isTTY ? everyMs.terminal : everyMs.log;
    this.#cancel = this.#world.after(pauseMs, () => {
      this.#print();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    if (this.#out.isTTY && this.#width > 0) this.#out.write(`\r${' '.repeat(this.#width)}\r`);
  }

  #print(): void {
    const seconds = (this.#world.now() - this.#startedMs) / 1_000;
    const text = progressText(this.#read(), seconds);
    if (!this.#out.isTTY) {
      this.#out.write(`${text}\n`);
      return;
    }
    this.#out.write(`\r${text.padEnd(this.#width)}`);
    this.#width = text.length;
  }
}

export function progressText(progress: Progress, seconds: number): string {
  const { sent, rejected, limited, bytes, totalBytes, trouble } = progress;
  const parts = [`${number(sent)} sent`, `${number(Math.round(sent / Math.max(1e-3, seconds)))}/s`];
  if (rejected > 0) parts.push(`${number(rejected)} rejected`);
  if (limited > 0) parts.push(`${number(limited)} × 429`);
  if (totalBytes !== undefined && totalBytes > 0) {
    const share = Math.min(1, bytes / totalBytes);
    parts.push(`${Math.floor(share * 100)} %`);
    if (share > 0.01) parts.push(`${Math.ceil((seconds * (1 - share)) / share)} s left`);
  }
  if (trouble !== undefined) parts.push(trouble);
  return parts.join(' · ');
}

export function number(value: number): string {
  return `${value}`.replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
