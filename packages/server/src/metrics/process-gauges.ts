import { monitorEventLoopDelay } from 'node:perf_hooks';
import { processMetrics } from '@weir/core/telemetry-names';
import type { Ms, World } from '@weir/core/world/world';
import { formatMetric, formatValue } from './metric-kinds.ts';

/** As long as the time between two scrapes may be. */
const windowMs: Ms = 60_000;
const quantiles = [0.5, 0.99, 1] as const;

/** Memory, CPU and event-loop delay of this process. Runs until it is closed. */
export class ProcessGauges {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #world: Pick<World, 'now'>;
  #beginsAnewMs: Ms;

  constructor(world: Pick<World, 'now'>) {
    this.#world = world;
    this.#beginsAnewMs = world.now() + windowMs;
    this.#delay.enable();
  }

  /** The delay is that of the last minute at most, whoever else asks meanwhile. */
  format(): string {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const delays = quantiles.map((quantile) => ({
      labels: [String(quantile)],
      value: this.#delay.count === 0 ? 0 : this.#delay.percentile(quantile * 100) / 1e9,
    }));
    this.#beginAnew();
    return [
      formatValue(processMetrics.resident, rss),
      formatValue(processMetrics.heap, heapUsed),
      formatValue(processMetrics.external, external),
      formatValue(processMetrics.cpu, (user + system) / 1e6),
      formatMetric(processMetrics.loopDelay, delays),
    ].join('');
  }

  #beginAnew(): void {
    const nowMs = this.#world.now();
    if (nowMs < this.#beginsAnewMs) return;
    this.#beginsAnewMs = nowMs + windowMs;
    this.#delay.reset();
  }

  close(): void {
    this.#delay.disable();
  }
}
