import {
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Decision } from '@weir/core/admission';
import { attributeNames as names, spanNames } from '@weir/core/telemetry-names';
import type { Receipt } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal, refusals } from '@weir/core/wire/refusal';
import { fields, paths } from '@weir/core/wire/routes';
import type { RequestHeaders } from '../request.ts';
import type { Slot } from '../spool/spool.ts';
import type { Caller } from '../tenants/caller.ts';
import { traceparentOf } from '../traceparent.ts';
import { parentOf, spanContextOf, traceparentTo } from './span-context.ts';

const requestFacts = {
  [names.method]: 'POST',
  [names.route]: paths.events,
  [names.path]: paths.events,
  [names.scheme]: 'http',
} as const;

const redisFacts = { [names.dbSystem]: 'redis', [names.dbOperation]: 'EVALSHA' } as const;

/**
 * The spans of one sampled request: its own, and beneath it those of the limiter's question to Redis
 * and of the wait for its group commit. Holds names, counts and codes; never a key or content.
 */
export class RequestTrace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #within: Context;
  readonly traceId: string;
  /** W3C context of its span: what the record in the spool carries on. */
  readonly traceparent: string;
  #hasAppended = false;
  #code = '';

  constructor(tracer: Tracer, headers: RequestHeaders) {
    const parent = traceparentOf(headers[fields.traceparent]);
    const above = parentOf(parent === undefined ? undefined : spanContextOf(parent));
    const options = { kind: SpanKind.SERVER, attributes: requestFacts };
    this.#tracer = tracer;
    this.#span = tracer.startSpan(spanNames.request, options, above);
    this.#within = trace.setSpan(above, this.#span);
    const context = this.#span.spanContext();
    this.traceId = context.traceId;
    this.traceparent = traceparentTo(context);
  }

  get spanId(): string {
    return this.#span.spanContext().spanId;
  }

  /** `accepted`, or the code of the refusal. */
  get code(): string {
    return this.#code;
  }

  caller({ tenant }: Caller): void {
    this.#span.setAttribute(names.tenant, tenant);
  }

  decided(caller: Caller, decision: Decision): void {
    const { allowed, source, violated } = decision;
    this.#span.setAttributes({
      [names.limiterAllowed]: allowed,
      [names.limiterSource]: source,
      [names.limiterDegraded]: source === 'local',
    });
    if (violated.length === 0) return;
    const quotas = violated.map((place) => caller.quotas[place]?.name ?? '');
    this.#span.setAttribute(names.limiterViolated, quotas);
  }

  /** Redis was asked: from now until it answers, or does not. */
  async asked(caller: Caller, answer: Promise<Decision>): Promise<Decision> {
    const options = { kind: SpanKind.CLIENT, attributes: redisFacts };
    const span = this.#tracer.startSpan(spanNames.redis, options, this.#within);
    try {
      const decision = await answer;
      this.decided(caller, decision);
      // Whoever asked Redis and was answered here was not answered there.
      if (decision.source === 'local') fail(span, 'no_answer');
      return decision;
    } finally {
      span.end();
    }
  }

  /** The batch is handed over: from now until it is durable. */
  async appended(
    events: number,
    bytes: number,
    safe: ReturnType<Slot['append']>,
  ): Promise<Receipt | Refusal> {
    this.#hasAppended = true;
    this.#span.setAttributes({ [names.events]: events, [names.bytes]: bytes });
    const span = this.#tracer.startSpan(spanNames.append, {}, this.#within);
    try {
      const receipt = await safe;
      if (isRefusal(receipt)) fail(span, receipt.refused);
      return receipt;
    } finally {
      span.end();
    }
  }

  accepted({ receipt, rejected }: Receipt): void {
    this.#code = 'accepted';
    this.#span.setAttribute(names.receipt, receipt);
    if (rejected.length > 0) this.#span.setAttribute(names.rejected, rejected.length);
    if (!this.#hasAppended) this.#span.setAttribute(names.isRepeat, true);
  }

  refused({ refused, retryAfterMs }: Refusal): void {
    this.#code = refused;
    this.#span.setAttribute(names.refusal, refused);
    if (retryAfterMs !== undefined) {
      this.#span.setAttribute(names.retryAfterMs, Math.ceil(retryAfterMs));
    }
    if (refusals[refused].status >= 500) fail(this.#span, refused);
  }

  ended(status: number): void {
    this.#span.setAttribute(names.status, status);
    this.#span.end();
  }

  /** A bug: its name is told, its text stays in the log. */
  failed(error: unknown): void {
    this.#code = 'internal';
    fail(this.#span, error instanceof Error ? error.name : 'unknown');
    this.ended(500);
  }
}

function fail(span: Span, type: string): void {
  span.setAttribute(names.errorType, type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
