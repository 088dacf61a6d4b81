import { limiterMetrics } from '@weir/core/telemetry-names';
import type { Ms } from '@weir/core/world/world';
import { formatValue, Histogram } from './metric-kinds.ts';

/** What is asked at the moment someone looks. */
export interface LimiterStatus {
  readonly isTroubled: boolean;
  readonly servers: number;
}

const batchBounds = [1, 2, 4, 8, 16, 32, 64];
const waitBoundsUs = [100, 250, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 2e4, 25e3, 3e4, 5e4];

/** Counts what limits in Redis do. */
export class LimiterMetrics {
  readonly #batch = new Histogram(batchBounds, 1);
  readonly #waitUs = new Histogram(waitBoundsUs, 1_000_000);
  #troubles = 0;
  #ghosts = 0;
  #damaged = 0;

  called(asks: number, waitedMs: Ms): void {
    this.#batch.observe(asks);
    this.#waitUs.observe(Math.round(waitedMs * 1_000));
  }

  ghosts(charged: number): void {
    this.#ghosts += charged;
  }

  damaged(count: number): void {
    this.#damaged += count;
  }

  troubled(): void {
    this.#troubles += 1;
  }

  /** In Prometheus' text format. */
  format({ isTroubled, servers }: LimiterStatus): string {
    return [
      this.#batch.format(limiterMetrics.batch),
      this.#waitUs.format(limiterMetrics.wait),
      formatValue(limiterMetrics.troubled, isTroubled ? 1 : 0),
      formatValue(limiterMetrics.troubles, this.#troubles),
      formatValue(limiterMetrics.ghosts, this.#ghosts),
      formatValue(limiterMetrics.damaged, this.#damaged),
      formatValue(limiterMetrics.servers, servers),
    ].join('');
  }
}
