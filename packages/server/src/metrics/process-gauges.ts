import { monitorEventLoopDelay } from 'node:perf_hooks';
import { processMetrics } from '@weir/core/telemetry-names';
import { formatMetric, formatValue } from './metric-kinds.ts';

const quantiles = [0.5, 0.99, 1] as const;

/** Memory, CPU and event-loop delay of this process. Runs until it is closed. */
export class ProcessGauges {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });

  constructor() {
    this.#delay.enable();
  }

  /** The delay is that since the last time this was called. */
  format(): string {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const delays = quantiles.map((quantile) => ({
      labels: [String(quantile)],
      value: this.#delay.count === 0 ? 0 : this.#delay.percentile(quantile * 100) / 1e9,
    }));
    this.#delay.reset();
    return [
      formatValue(processMetrics.resident, rss),
      formatValue(processMetrics.heap, heapUsed),
      formatValue(processMetrics.external, external),
      formatValue(processMetrics.cpu, (user + system) / 1e6),
      formatMetric(processMetrics.loopDelay, delays),
    ].join('');
  }

  close(): void {
    this.#delay.disable();
  }
}
