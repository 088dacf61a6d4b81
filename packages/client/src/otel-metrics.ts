import { type BatchObservableResult, metrics, type Observable } from '@opentelemetry/api';
import {
  senderMetricLabels as labels,
  senderMetrics as names,
  type SenderMetric,
} from '@weir/core/sender-metrics';
import { senderSpans } from '@weir/core/sender-spans';
import type { ClientEvents } from './client-events.ts';
import type { Stats } from './ledger.ts';

/** What is asked of a client: its books, and what its throttle says. */
export interface Observed {
  stats(): Stats;
  on(name: 'throttle', listener: (event: ClientEvents['throttle']) => void): () => void;
}

/**
 * Hands the books of a client to the OpenTelemetry that the host has registered: queue, pace, delay,
 * requests, and what became of every event. Nothing is counted anew: `stats()` is read whenever metrics
 * are collected. Returns what ends it.
 *
 * @example
 * const client = new IngestClient({ tracing: openTelemetry() });
 * const stopObserving = observeMetrics(client);
 */
export function observeMetrics(client: Observed): () => void {
  const meter = metrics.getMeter(senderSpans.scope);
  const counter = ({ name, unit, description }: SenderMetric): Observable =>
    meter.createObservableCounter(name, { unit, description });
  const gauge = ({ name, unit, description }: SenderMetric): Observable =>
    meter.createObservableGauge(name, { unit, description });
  const of = {
    queued: counter(names.queued),
    settled: counter(names.settled),
    inMemory: gauge(names.inMemory),
    inMemoryBytes: gauge(names.inMemoryBytes),
    spooled: gauge(names.spooled),
    requests: counter(names.requests),
    retries: counter(names.retries),
    rateLimited: counter(names.rateLimited),
    pace: gauge(names.pace),
    delay: gauge(names.delay),
  };
  let throttle: ClientEvents['throttle'] | undefined;
  const forget = client.on('throttle', (said) => {
    throttle = said;
  });
  const observe = (result: BatchObservableResult): void => {
    const stats = client.stats();
    for (const name of plain) result.observe(of[name], stats[name]);
    result.observe(of.settled, stats.acked, { [labels.outcome]: 'acked' });
    result.observe(of.settled, stats.rejected, { [labels.outcome]: 'rejected' });
    for (const [reason, count] of Object.entries(stats.dropped)) {
      result.observe(of.settled, count, { [labels.outcome]: 'dropped', [labels.reason]: reason });
    }
    if (throttle === undefined) return;
    result.observe(of.delay, throttle.waitMs / 1_000);
    if (throttle.perSecond !== undefined) result.observe(of.pace, throttle.perSecond);
  };
  const observables = Object.values(of);
  meter.addBatchObservableCallback(observe, observables);
  return () => {
    forget();
    meter.removeBatchObservableCallback(observe, observables);
  };
}

/** Those that are told as they stand in the books. */
const plain = [
  'queued',
  'inMemory',
  'inMemoryBytes',
  'spooled',
  'requests',
  'retries',
  'rateLimited',
] as const;
