import type { Observer } from '../run.ts';

/** How long each client last slept, sampled at equal steps: what the chart of the Heroku gem shows. */
export interface SleepSeries {
  /** Until the last sample, from the start. */
  readonly durationMs: number;
  /** In seconds, by client and step. */
  readonly clients: readonly Float64Array[];
  /** Clients there were; those above the bound are not drawn. */
  readonly total: number;
}

const drawnAtMost = 50;

/** Watches a run and keeps what the chart needs: memory by clients and steps, not by requests. */
export class SleepRecorder {
  readonly observe: Observer;
  readonly #durationMs: number;
  readonly #steps: number;
  readonly #clients = new Map<number, Float64Array>();
  readonly #repliedUs: number[] = [];
  #total = 0;

  constructor(durationMs: number, steps: number) {
    this.#durationMs = durationMs;
    this.#steps = steps;
    this.observe = ({ client, sentUs, sleptUs, repliedUs }) => {
      // From the last reply on: a retry loop sleeps after a refusal, others before they send.
      const fromUs = this.#repliedUs[client] ?? sentUs - sleptUs;
      this.#repliedUs[client] = repliedUs;
      this.#note(client, sentUs, sentUs - fromUs);
    };
  }

  /** @param endedMs when the run ended, if that was before its time: the rest is cut off */
  series(endedMs: number): SleepSeries {
    const durationMs = Math.min(endedMs, this.#durationMs);
    const shown = Math.max(1, Math.ceil((this.#steps * durationMs) / this.#durationMs));
    const clients = [...this.#clients]
      .sort(([a], [b]) => a - b)
      .map(([, samples]) => filled(samples.subarray(0, shown)));
    return { durationMs, clients, total: this.#total };
  }

  #note(client: number, sentUs: number, sleptUs: number): void {
    this.#total = Math.max(this.#total, client + 1);
    if (client >= drawnAtMost) return;
    let samples = this.#clients.get(client);
    if (samples === undefined) {
      samples = new Float64Array(this.#steps).fill(Number.NaN);
      this.#clients.set(client, samples);
    }
    const step = Math.floor((sentUs / 1_000 / this.#durationMs) * this.#steps);
    samples[Math.min(this.#steps - 1, step)] = sleptUs / 1_000_000;
  }
}

/** Where nothing was sent the last sleep still stands. */
function filled(samples: Float64Array): Float64Array {
  let last = 0;
  return samples.map((sample) => {
    if (!Number.isNaN(sample)) last = sample;
    return last;
  });
}
