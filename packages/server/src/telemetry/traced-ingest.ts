import { isRefusal } from '@weir/core/wire/refusal';
import type { World } from '@weir/core/world/world';
import type { Handler } from 'hono';
import { type IngestDeps, ingest } from '../ingest.ts';
import type { Limiter } from '../limiter/limiter.ts';
import type { Log } from '../log.ts';
import { type AppContext, type AppEnv, headersOf } from '../request.ts';
import type { Batch } from '../spool/record.ts';
import type { Slot } from '../spool/spool.ts';
import type { RecentTraces } from './recent-traces.ts';
import type { RequestSpans } from './request-spans.ts';
import { RequestTrace } from './request-trace.ts';
import { type TraceLots, withoutSampling } from './trace-lots.ts';

export interface TracedIngestDeps {
  readonly lots: TraceLots;
  readonly world: World;
  readonly spans: Pick<RequestSpans, 'add'>;
  readonly recent: RecentTraces;
  readonly log: Pick<Log, 'debug' | 'warn'>;
}

/**
 * The same route, of which some requests are traced. They run through `ingest` over ports that take
 * notes as well; all others run through the very code that runs without telemetry.
 */
export function tracedIngest(deps: IngestDeps, tracing: TracedIngestDeps): Handler<AppEnv> {
  const { lots, world } = tracing;
  const plain = ingest(deps);
  const unsampled = ingest(appendingAs(deps, ({ traceparent }) => cut(traceparent)));

  return (c, next) => {
    const headers = headersOf(c);
    const lot = lots.draw(headers);
    if (lot === 'untraced') return plain(c, next);
    if (lot === 'capped') return unsampled(c, next);
    const trace = new RequestTrace(headers, world);
    const handle = ingest(observedBy(deps, trace, tracing.recent));
    return finish(trace, () => handle(c, next) as Response | Promise<Response>, c, tracing);
  };
}

async function finish(
  trace: RequestTrace,
  answer: () => Response | Promise<Response>,
  c: AppContext,
  { log, spans }: TracedIngestDeps,
): Promise<Response> {
  const ids = { trace_id: trace.traceId, span_id: trace.spanId };
  try {
    const response = await answer();
    trace.ended(response.status);
    const level = response.status >= 500 ? 'warn' : 'debug';
    log[level]({ ...ids, code: trace.code, status: response.status }, 'a traced request');
    return response;
  } catch (error) {
    trace.failed(error);
    log.warn({ ...ids, code: trace.code, path: c.req.path }, 'a traced request failed');
    throw error;
  } finally {
    spans.add(trace);
  }
}

/** The ports of one sampled request. */
function observedBy(deps: IngestDeps, trace: RequestTrace, recent: RecentTraces): IngestDeps {
  const { replies } = deps;
  const slots = appendingAs(
    deps,
    () => trace.traceparent,
    (batch, safe) => trace.appended(batch.accepted, batch.body.length, safe),
  );
  return {
    ...slots,
    limiter: observedLimiter(deps.limiter, trace),
    fairness: {
      reserve(caller, bytes) {
        trace.caller(caller);
        return slots.fairness.reserve(caller, bytes);
      },
      leave: (caller) => slots.fairness.leave(caller),
    },
    replies: {
      accepted(receipt, caller, facts) {
        trace.accepted(receipt);
        recent.add(receipt.receipt, trace.traceId);
        return replies.accepted(receipt, caller, facts);
      },
      refused(refusal, caller, closing) {
        trace.refused(refusal);
        return replies.refused(refusal, caller, closing);
      },
    },
  };
}

function observedLimiter(limiter: Limiter, trace: RequestTrace): Limiter {
  return {
    knownRefusal(caller, leastCost) {
      trace.caller(caller);
      const decision = limiter.knownRefusal(caller, leastCost);
      if (decision !== undefined) trace.decided(caller, decision);
      return decision;
    },
    take(caller, cost) {
      const decision = limiter.take(caller, cost);
      if (decision instanceof Promise) return trace.asked(caller, decision);
      trace.decided(caller, decision);
      return decision;
    },
    refund: (caller, cost) => limiter.refund(caller, cost),
    charge: (caller, cost) => limiter.charge(caller, cost),
    peek: (caller) => limiter.peek(caller),
  };
}

type Watch = (batch: Batch, safe: ReturnType<Slot['append']>) => ReturnType<Slot['append']>;

/** The same, but for the trace context that a record carries. */
function appendingAs(
  deps: IngestDeps,
  traceparentFor: (batch: Batch) => string | undefined,
  watch: Watch = (_batch, safe) => safe,
): IngestDeps {
  const { fairness } = deps;
  return {
    ...deps,
    fairness: {
      reserve(caller, bytes) {
        const slot = fairness.reserve(caller, bytes);
        if (isRefusal(slot)) return slot;
        return {
          grow: (more) => slot.grow(more),
          append(batch) {
            const carrying = { ...batch, traceparent: traceparentFor(batch) };
            return watch(batch, slot.append(carrying));
          },
          release: () => slot.release(),
        };
      },
      leave: (caller) => fairness.leave(caller),
    },
  };
}

function cut(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : withoutSampling(traceparent);
}
