import type { Decision } from '@weir/core/admission';
import {
  deliveryMetrics,
  guardMetrics,
  spoolMetrics,
  takingMetrics,
} from '@weir/core/telemetry-names';
import { type RejectionCode, rejections } from '@weir/core/wire/event';
import { type RefusalCode, refusals } from '@weir/core/wire/refusal';
import type { Ms } from '@weir/core/world/world';
import type { ClaimOutcome } from '../claims/claims.ts';
import type { Delivery, DeliveryEvents } from '../delivery/delivery-events.ts';
import type { Guard } from '../guards/start-guards.ts';
import type { SpoolStatus } from '../spool/spool.ts';
import type { PutOutcome, StoreErrorKind } from '../store/store.ts';
import type { Caller } from '../tenants/caller.ts';
import { formatMetric, formatValue, Histogram, LabelledCounter } from './metric-kinds.ts';
import { DecisionMetrics } from './metrics-decisions.ts';
import { Ledger } from './metrics-ledger.ts';

/** `accepted` is a 202 or 200 with a receipt; `ok` any other good answer. */
export type RequestCode = 'accepted' | 'ok' | RefusalCode;

/** `congested`: the store asked for fewer writes. */
export type PutResult = PutOutcome | StoreErrorKind | 'congested';

/** What is asked at the moment someone looks. */
export interface MetricSources {
  readonly spool: SpoolStatus;
  /** Further metrics, ready-made: those of the process. */
  readonly more?: string;
}

const commitBoundsUs = [250, 500, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 64e3, 125e3, 25e4, 5e5, 1e6, 5e6];
const sharedBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const slowBoundsUs = [1e3, 5e3, 1e4, 25e3, 5e4, 1e5, 25e4, 5e5, 1e6, 25e5, 5e6, 1e7, 3e7, 6e7];
const putResults = ['created', 'same', 'different', 'congested', 'trouble', 'refused'];
const claims: readonly ClaimOutcome[] = [
  'claimed',
  'repeat',
  'open',
  'taken_over',
  'recovered',
  'away',
];
const guards: readonly Guard[] = ['denied', 'address', 'guessing', 'garbage', 'in_flight', 'share'];
const microseconds = 1_000_000;

/** Everything this process counts. Counting is a few additions; text is made only in `render`. */
export class Metrics implements DeliveryEvents {
  readonly #requests = new LabelledCounter(['accepted', 'ok', ...Object.keys(refusals)]);
  readonly #rejected = new LabelledCounter(Object.keys(rejections));
  readonly #decisions = new DecisionMetrics();
  readonly #guarded = new LabelledCounter(guards);
  readonly #claims = new LabelledCounter(claims);
  readonly #ledger = new Ledger();
  readonly #acceptUs = new Histogram(commitBoundsUs, microseconds);
  readonly #commitUs = new Histogram(commitBoundsUs, microseconds);
  readonly #commitRequests = new Histogram(sharedBounds, 1);
  readonly #deliveryUs = new Histogram(slowBoundsUs, microseconds);
  readonly #puts = new LabelledCounter(putResults);
  readonly #putUs = new Histogram(slowBoundsUs, microseconds);
  readonly #objects = new LabelledCounter(['stored', 'dead']);
  #accepted = 0;
  #segments = 0;
  #retries = 0;
  #putBytes = 0;
  #objectBytes = 0;
  #contentBytes = 0;
  #deadLetters = 0;
  #alarms = 0;

  /** A request was answered. */
  request(code: RequestCode): void {
    this.#requests.add(code);
  }

  /** Events are safe in the spool. */
  accepted(tenant: string, events: number): void {
    this.#accepted += events;
    this.#ledger.accepted(tenant, events);
  }

  /** One event of a request was not taken. */
  rejected(reason: RejectionCode): void {
    this.#rejected.add(reason);
  }

  /** A limiter said yes or no. */
  decision({ quotas }: Caller, decision: Decision): void {
    this.#decisions.add(quotas, decision);
  }

  /** A request was refused before the quotas were asked. */
  guarded(guard: Guard): void {
    this.#guarded.add(guard);
  }

  /** A request was taken, so long after its header was there. */
  taken(tookMs: Ms): void {
    this.#acceptUs.observe(Math.round(tookMs * 1_000));
  }

  /** Other servers were asked for an idempotency key. */
  claim(outcome: ClaimOutcome): void {
    this.#claims.add(outcome);
  }

  /** Requests became durable together. */
  commit(tookMs: Ms, requests: number): void {
    this.#commitUs.observe(Math.round(tookMs * 1_000));
    this.#commitRequests.observe(requests);
  }

  /** The store was asked to create an object of so many bytes. */
  put(outcome: PutResult, bytes: number, tookMs: Ms): void {
    this.#puts.add(outcome);
    this.#putUs.observe(Math.round(tookMs * 1_000));
    this.#putBytes += bytes;
  }

  delivered({ manifest, tookMs }: Pick<Delivery, 'manifest' | 'tookMs'>): void {
    this.#segments += 1;
    this.#deliveryUs.observe(Math.round(tookMs * 1_000));
    for (const { state, tenants, bytes, contentBytes } of manifest.objects) {
      this.#objects.add(state);
      this.#objectBytes += bytes;
      this.#contentBytes += contentBytes;
      this.#ledger.delivered(state, tenants);
    }
  }

  retried(): void {
    this.#retries += 1;
  }

  dead(): void {
    this.#deadLetters += 1;
  }

  alarm(): void {
    this.#alarms += 1;
  }

  /** All of it in Prometheus' text format. */
  render({ spool, more = '' }: MetricSources): string {
    return [
      this.#taking(),
      formatSpool(spool),
      this.#commitUs.format(spoolMetrics.commitSeconds),
      this.#commitRequests.format(spoolMetrics.commitRequests),
      this.#delivery(),
      this.#ledger.format(spool),
      more,
    ].join('');
  }

  #taking(): string {
    return [
      formatMetric(takingMetrics.requests, this.#requests.samples()),
      formatValue(takingMetrics.accepted, this.#accepted),
      this.#acceptUs.format(takingMetrics.acceptSeconds),
      formatMetric(takingMetrics.rejected, this.#rejected.samples()),
      this.#decisions.format(),
      formatMetric(guardMetrics.refused, this.#guarded.samples()),
      formatMetric(guardMetrics.claims, this.#claims.samples()),
    ].join('');
  }

  #delivery(): string {
    return [
      formatValue(deliveryMetrics.segments, this.#segments),
      this.#deliveryUs.format(deliveryMetrics.seconds),
      formatValue(deliveryMetrics.retries, this.#retries),
      formatMetric(deliveryMetrics.puts, this.#puts.samples()),
      this.#putUs.format(deliveryMetrics.putSeconds),
      formatValue(deliveryMetrics.putBytes, this.#putBytes),
      formatMetric(deliveryMetrics.objects, this.#objects.samples()),
      formatValue(deliveryMetrics.objectBytes, this.#objectBytes),
      formatValue(deliveryMetrics.contentBytes, this.#contentBytes),
      formatValue(deliveryMetrics.dead, this.#deadLetters),
      formatValue(deliveryMetrics.alarms, this.#alarms),
    ].join('');
  }
}

function formatSpool(spool: SpoolStatus): string {
  return [
    formatValue(spoolMetrics.requests, spool.requests),
    formatValue(spoolMetrics.events, spool.events),
    formatValue(spoolMetrics.bytes, spool.bytes),
    formatValue(spoolMetrics.segments, spool.segments),
    formatValue(spoolMetrics.oldest, spool.oldestMs / 1_000),
    formatValue(spoolMetrics.failed, spool.failed === undefined ? 0 : 1),
    formatValue(spoolMetrics.quarantinedSegments, spool.quarantinedSegments.length),
    formatValue(spoolMetrics.idempotencyWindow, (spool.idempotencyWindowMs ?? 0) / 1_000),
  ].join('');
}
