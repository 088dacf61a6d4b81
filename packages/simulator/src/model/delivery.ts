import { backoffMs } from '@weir/core/retry';
import { exp, ln } from '@weir/core/world/transcendental';
import type { Us } from '@weir/core/world/world';
import type { IngestionScenario } from '../scenario.ts';
import { LatencyHistogram } from './latency-histogram.ts';

interface Batch {
  /** By request: when it was taken, and its events. */
  readonly acceptedUs: Us[];
  readonly eventsOf: number[];
  /** Events of all of them. */
  count: number;
  failures: number;
}

/** When something is to be looked at again; of the worker where there is one, else of the open batch. */
export type Schedule = (atUs: Us, worker: number | undefined) => void;

const retries = { baseMs: 100, maxMs: 10_000 };
const z99 = 2.3263478740408408; // the quantile of 99 % of a normal distribution

/**
 * What becomes of requests once they were taken: they wait in a bounded queue, fill batches, and
 * workers put these into a store that is slow at times and fails at times.
 */
export class Delivery {
  readonly puts: { count: number; failed: number } = { count: 0, failed: 0 };
  /** From taking a request until it is in the store. */
  readonly durable: LatencyHistogram = new LatencyHistogram();
  readonly #scenario: IngestionScenario;
  readonly #random: () => number;
  readonly #schedule: Schedule;
  readonly #sealed: Batch[] = [];
  readonly #atWork: (Batch | undefined)[];
  #open: Batch;
  #openedUs: Us = 0;
  #queued = 0;
  /** PUTs under way, or to be tried again. */
  #busy = 0;
  #most = 0;

  constructor(scenario: IngestionScenario, random: () => number, schedule: Schedule) {
    this.#scenario = scenario;
    this.#random = random;
    this.#schedule = schedule;
    this.#atWork = Array.from({ length: scenario.workers }, () => undefined);
    this.#open = this.#newBatch();
  }

  /** Requests taken and not yet in the store. */
  get queued(): number {
    return this.#queued;
  }

  get mostQueued(): number {
    return this.#most;
  }

  get hasRoom(): boolean {
    return this.#queued < this.#scenario.queue;
  }

  /** Takes a request of so many events. One is never cut: a batch may be longer than its bound by it. */
  accept(nowUs: Us, events: number): void {
    const { batch } = this.#scenario;
    const open = this.#open;
    this.#queued += 1;
    this.#most = Math.max(this.#most, this.#queued);
    if (open.count === 0) {
      this.#openedUs = nowUs;
      this.#schedule(nowUs + Math.round(batch.ageMs * 1_000), undefined);
    }
    open.acceptedUs.push(nowUs);
    open.eventsOf.push(events);
    open.count += events;
    if (open.count >= batch.events) this.#seal(nowUs);
  }

  /** A batch may have grown old. */
  age(nowUs: Us): void {
    const ageUs = Math.round(this.#scenario.batch.ageMs * 1_000);
    if (this.#open.count > 0 && nowUs >= this.#openedUs + ageUs) this.#seal(nowUs);
  }

  /** A worker's PUT has ended, or its wait after a failed one. */
  worked(worker: number, nowUs: Us): void {
    const batch = this.#atWork[worker];
    if (batch === undefined) return;
    if (batch.failures < 0) {
      batch.failures = -batch.failures; // it has waited: once more
      this.#put(worker, nowUs);
      return;
    }
    if (this.#random() < this.#scenario.put.failureRate) {
      this.puts.failed += 1;
      const waitMs = backoffMs(retries, batch.failures + 1, 0, this.#random());
      batch.failures = -(batch.failures + 1);
      this.#schedule(nowUs + Math.ceil(waitMs * 1_000), worker);
      return;
    }
    for (const [i, acceptedUs] of batch.acceptedUs.entries()) {
      this.durable.add(nowUs - acceptedUs, batch.eventsOf[i]);
    }
    this.#queued -= batch.acceptedUs.length;
    this.#atWork[worker] = undefined;
    this.#busy -= 1;
    this.#lend(nowUs);
  }

  #seal(nowUs: Us): void {
    this.#sealed.push(this.#open);
    this.#open = this.#newBatch();
    this.#lend(nowUs);
  }

  #lend(nowUs: Us): void {
    while (this.#sealed.length > 0 && this.#busy < this.#scenario.put.concurrency) {
      const worker = this.#atWork.indexOf(undefined);
      if (worker < 0) return;
      this.#atWork[worker] = this.#sealed.shift();
      this.#busy += 1;
      this.#put(worker, nowUs);
    }
  }

  #put(worker: number, nowUs: Us): void {
    const { medianMs, p99Ms, slow, bears = Infinity } = this.#scenario.put;
    this.puts.count += 1;
    const sigma = ln(p99Ms / medianMs) / z99;
    const isSlow = slow !== undefined && nowUs >= slow.fromMs * 1_000 && nowUs < slow.toMs * 1_000;
    const ms = medianMs * exp(sigma * this.#normal()) * (isSlow ? slow.factor : 1);
    const crowded = Math.max(1, this.#busy / bears);
    this.#schedule(nowUs + Math.ceil(ms * crowded * 1_000), worker);
  }

  /** Marsaglia's polar method, of which one of two numbers is used. */
  #normal(): number {
    for (;;) {
      const u = 2 * this.#random() - 1;
      const v = 2 * this.#random() - 1;
      const square = u * u + v * v;
      if (square > 0 && square < 1) return u * Math.sqrt((-2 * ln(square)) / square);
    }
  }

  #newBatch(): Batch {
    return { acceptedUs: [], eventsOf: [], count: 0, failures: 0 };
  }
}
