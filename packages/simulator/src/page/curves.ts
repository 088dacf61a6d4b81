import type { Observer } from '../run.ts';

/** What is drawn of one run: values at equal steps of time. */
export interface Curves {
  /** Middle of each step, in s. */
  readonly atS: Float64Array;
  /** A second, in each step. */
  readonly admitted: Float64Array;
  readonly refused: Float64Array;
  /** Senders that hold back, on average over the step. */
  readonly waiting: Float64Array;
}

/** Watches a run; memory by steps and clients, not by requests. */
export class CurveRecorder {
  readonly observe: Observer;
  readonly #stepUs: number;
  readonly #admitted: Float64Array;
  readonly #refused: Float64Array;
  readonly #waitedUs: Float64Array;
  readonly #repliedUs: number[] = [];

  constructor(durationMs: number, steps: number) {
    this.#stepUs = (durationMs * 1_000) / steps;
    this.#admitted = new Float64Array(steps);
    this.#refused = new Float64Array(steps);
    this.#waitedUs = new Float64Array(steps);
    this.observe = ({ client, sentUs, sleptUs, arrivedUs, repliedUs, admitted }) => {
      const counts = admitted ? this.#admitted : this.#refused;
      const step = this.#stepAt(arrivedUs);
      counts[step] = (counts[step] as number) + 1;
      this.#waits(this.#repliedUs[client] ?? sentUs - sleptUs, sentUs);
      this.#repliedUs[client] = repliedUs;
    };
  }

  curves(): Curves {
    const stepS = this.#stepUs / 1_000_000;
    return {
      atS: this.#admitted.map((_, step) => (step + 0.5) * stepS),
      admitted: this.#admitted.map((count) => count / stepS),
      refused: this.#refused.map((count) => count / stepS),
      waiting: this.#waitedUs.map((us) => us / this.#stepUs),
    };
  }

  /** A wait may reach over many steps: each gets its part. */
  #waits(fromUs: number, untilUs: number): void {
    for (let atUs = fromUs; atUs < untilUs; ) {
      const step = this.#stepAt(atUs);
      const isLast = step === this.#waitedUs.length - 1;
      const endUs = isLast ? untilUs : Math.min(untilUs, (step + 1) * this.#stepUs);
      this.#waitedUs[step] = (this.#waitedUs[step] as number) + (endUs - atUs);
      atUs = endUs;
    }
  }

  #stepAt(us: number): number {
    return Math.min(this.#admitted.length - 1, Math.floor(us / this.#stepUs));
  }
}
