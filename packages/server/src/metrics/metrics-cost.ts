import { costMetrics } from '@weir/core/telemetry-names';
import type { Delivery, DeliveryEvents } from '../delivery/delivery-events.ts';
import { formatValue } from './metric-kinds.ts';

const million = 1_000_000;

/** What storing costs, by the events that reached the store since the start. */
export class CostMetrics implements Partial<DeliveryEvents> {
  readonly #dollarsPerPut: number;
  #puts = 0;
  #bytes = 0;
  #events = 0;

  constructor(putDollarsPerThousand: number) {
    this.#dollarsPerPut = putDollarsPerThousand / 1_000;
  }

  /** The store was asked once: it may charge for it whatever came of it. */
  put(bytes: number): void {
    this.#puts += 1;
    this.#bytes += bytes;
  }

  delivered({ manifest }: Pick<Delivery, 'manifest'>): void {
    for (const { events } of manifest.objects) this.#events += events;
  }

  format(): string {
    const perMillion = this.#events === 0 ? 0 : million / this.#events;
    const dollars = this.#puts * this.#dollarsPerPut;
    return [
      formatValue(costMetrics.dollars, dollars),
      formatValue(costMetrics.putsPerMillion, this.#puts * perMillion),
      formatValue(costMetrics.bytesPerMillion, this.#bytes * perMillion),
      formatValue(costMetrics.dollarsPerMillion, dollars * perMillion),
    ].join('');
  }
}
