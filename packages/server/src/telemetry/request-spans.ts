import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { attributeNames as names, spanNames } from '@weir/core/server-spans';
import { refusals } from '@weir/core/wire/refusal';
import { paths } from '@weir/core/wire/routes';
import type { Ms, World } from '@weir/core/world/world';
import type { RequestTrace, TracedStep } from './request-trace.ts';
import { parentOf } from './span-context.ts';
import type { SpanIds } from './span-ids.ts';

export interface RequestSpansDeps {
  readonly tracer: Tracer;
  readonly ids: SpanIds;
  readonly world: World;
}

/** More are told at once; fewer after a while. */
export const mostWaiting = 32;
const longestWaitMs: Ms = 250;

/** Makes spans of requests that have ended, many at once: at most 32 wait, none longer than 250 ms. */
export class RequestSpans {
  readonly #deps: RequestSpansDeps;
  #waiting: RequestTrace[] = [];
  #cancel: () => void = () => {};

  constructor(deps: RequestSpansDeps) {
    this.#deps = deps;
  }

  /** This request has ended. */
  add(request: RequestTrace): void {
    this.#waiting.push(request);
    if (this.#waiting.length === 1) {
      this.#cancel = this.#deps.world.after(longestWaitMs, () => this.tellAll());
    }
    if (this.#waiting.length >= mostWaiting) this.tellAll();
  }

  /** Hands over what waits, now. */
  tellAll(): void {
    this.#cancel();
    const told = this.#waiting;
    this.#waiting = [];
    for (const request of told) tell(request, this.#deps);
  }
}

function tell(request: RequestTrace, { tracer, ids }: RequestSpansDeps): void {
  const above = parentOf(request.parent);
  const span = ids.as(request, () => startRequest(request, tracer, above));
  const within = trace.setSpan(above, span);
  for (const step of request.steps) tellStep(step, tracer, within);
  if (isFailure(request)) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(request.endedAtMs);
}

function startRequest(request: RequestTrace, tracer: Tracer, above: Context): Span {
  const { startedAtMs: startTime } = request;
  const options = { kind: SpanKind.SERVER, startTime, attributes: attributesOf(request) };
  return tracer.startSpan(spanNames.request, options, above);
}

const requestFacts = {
  [names.method]: 'POST',
  [names.route]: paths.events,
  [names.path]: paths.events,
  [names.scheme]: 'http',
} as const;

function attributesOf(request: RequestTrace): Attributes {
  const { status, code, tenant, decision, violated, events, bytes } = request;
  const attributes: Attributes = { ...requestFacts, [names.status]: status };
  if (tenant !== undefined) attributes[names.tenant] = tenant;
  if (decision !== undefined) {
    attributes[names.limiterAllowed] = decision.allowed;
    attributes[names.limiterSource] = decision.source;
    attributes[names.limiterDegraded] = decision.source === 'local';
  }
  if (violated.length > 0) attributes[names.limiterViolated] = [...violated];
  if (events !== undefined) {
    attributes[names.events] = events;
    attributes[names.bytes] = bytes;
  }
  addAnswer(request, attributes);
  if (isFailure(request)) attributes[names.errorType] = code;
  return attributes;
}

function addAnswer({ receipt, refusal, events }: RequestTrace, to: Attributes): void {
  if (refusal !== undefined) {
    const { refused, retryAfterMs } = refusal;
    to[names.refusal] = refused;
    if (retryAfterMs !== undefined) to[names.retryAfterMs] = Math.ceil(retryAfterMs);
  } else if (receipt !== undefined) {
    const { rejected } = receipt;
    to[names.receipt] = receipt.receipt;
    if (rejected.length > 0) to[names.rejected] = rejected.length;
    if (events === undefined) to[names.isRepeat] = true;
  }
}

/** A 4xx is an answer as it should be. */
function isFailure({ hasFailed, refusal }: RequestTrace): boolean {
  return hasFailed || (refusal !== undefined && refusals[refusal.refused].status >= 500);
}

const redisOptions = {
  kind: SpanKind.CLIENT,
  attributes: { [names.dbSystem]: 'redis', [names.dbOperation]: 'EVALSHA' },
} as const;

function tellStep({ name, startMs, endMs, failure }: TracedStep, tracer: Tracer, within: Context) {
  const options = name === spanNames.redis ? redisOptions : {};
  const span = tracer.startSpan(name, { ...options, startTime: startMs }, within);
  if (failure !== undefined) {
    span.setAttribute(names.errorType, failure);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(endMs);
}
