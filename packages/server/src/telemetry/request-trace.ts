import type { SpanContext } from '@opentelemetry/api';
import type { Decision } from '@weir/core/admission';
import { spanNames } from '@weir/core/server-spans';
import type { Receipt } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import { fields } from '@weir/core/wire/routes';
import type { Ms, World } from '@weir/core/world/world';
import type { RequestHeaders } from '../request.ts';
import type { Slot } from '../spool/spool.ts';
import type { Caller } from '../tenants/caller.ts';
import { traceparentOf } from '../traceparent.ts';
import { spanContextOf } from './span-context.ts';

/** Something that a request waited for; wall clock. */
export interface TracedStep {
  readonly name: string;
  readonly startMs: Ms;
  endMs: Ms;
  failure: string | undefined;
}

/**
 * Notes of one sampled request: its own, and those of the limiter's question to Redis and of the wait
 * for its group commit. Spans are made of them afterwards, since only one request in many comes here:
 * what runs that seldom is never in a processor's caches, and each call costs ten times itself.
 * Holds names, counts and codes; never a key or content.
 */
export class RequestTrace {
  readonly #world: World;
  readonly #startedMs: Ms;
  /** Of its sender, where that has a context. */
  readonly parent: SpanContext | undefined;
  readonly traceId: string;
  readonly spanId: string;
  readonly startedAtMs: Ms;
  readonly steps: TracedStep[] = [];
  endedAtMs: Ms;
  status = 0;
  /** `accepted`, or the code of the refusal; the kind of error where it was a bug. */
  code = '';
  hasFailed = false;
  refusal: Refusal | undefined;
  receipt: Receipt | undefined;
  tenant: string | undefined;
  decision: Decision | undefined;
  /** Quotas that were spent, by name. */
  violated: readonly string[] = none;
  /** Of the batch that was handed over; undefined where there was none. */
  events: number | undefined;
  bytes = 0;

  constructor(headers: RequestHeaders, world: World) {
    const parent = traceparentOf(headers[fields.traceparent]);
    const ids = Buffer.from(world.randomBytes(24)).toString('hex');
    this.#world = world;
    this.#startedMs = world.now();
    this.parent = parent === undefined ? undefined : spanContextOf(parent);
    this.traceId = this.parent?.traceId ?? ids.slice(16);
    this.spanId = ids.slice(0, 16);
    this.startedAtMs = world.date();
    this.endedAtMs = this.startedAtMs;
  }

  /** W3C context of its span: what the record in the spool carries on. */
  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-01`;
  }

  caller({ tenant }: Caller): void {
    this.tenant = tenant;
  }

  decided(caller: Caller, decision: Decision): void {
    this.decision = decision;
    if (decision.violated.length === 0) return;
    this.violated = decision.violated.map((place) => caller.quotas[place]?.name ?? '');
  }

  /** Redis was asked: from now until it answers, or does not. */
  async asked(caller: Caller, answer: Promise<Decision>): Promise<Decision> {
    const step = this.#begin(spanNames.redis);
    try {
      const decision = await answer;
      this.decided(caller, decision);
      // Whoever asked Redis and was answered here was not answered there.
      if (decision.source === 'local') step.failure = 'no_answer';
      return decision;
    } finally {
      step.endMs = this.#nowMs();
    }
  }

  /** The batch is handed over: from now until it is durable. */
  async appended(
    events: number,
    bytes: number,
    safe: ReturnType<Slot['append']>,
  ): Promise<Receipt | Refusal> {
    this.events = events;
    this.bytes = bytes;
    const step = this.#begin(spanNames.append);
    try {
      const receipt = await safe;
      if (isRefusal(receipt)) step.failure = receipt.refused;
      return receipt;
    } finally {
      step.endMs = this.#nowMs();
    }
  }

  accepted(receipt: Receipt): void {
    this.code = 'accepted';
    this.receipt = receipt;
  }

  refused(refusal: Refusal): void {
    this.code = refusal.refused;
    this.refusal = refusal;
  }

  ended(status: number): void {
    this.status = status;
    this.endedAtMs = this.#nowMs();
  }

  /** A bug: its name is told, its text stays in the log. */
  failed(error: unknown): void {
    this.code = error instanceof Error ? error.name : 'unknown';
    this.hasFailed = true;
    this.ended(500);
  }

  #begin(name: string): TracedStep {
    const startMs = this.#nowMs();
    const step = { name, startMs, endMs: startMs, failure: undefined };
    this.steps.push(step);
    return step;
  }

  /** Wall clock as it was at the start, and monotonic from there. */
  #nowMs(): Ms {
    return this.startedAtMs + this.#world.now() - this.#startedMs;
  }
}

const none: readonly string[] = [];
