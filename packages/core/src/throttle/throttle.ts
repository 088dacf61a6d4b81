import type { Cost } from '../admission.ts';
import type { Limit } from '../wire/rate-headers.ts';
import type { Ms } from '../world/world.ts';

/** How a request ended, as far as its pace is concerned. */
export type Cause = 'ok' | 'rate_limited' | 'overloaded' | 'fault';

/** What came of one request. */
export interface Outcome {
  /** What `sent` returned for it. */
  readonly sent: number;
  readonly cause: Cause;
  /** From the reply, where it said so; never shortened. */
  readonly retryAfterMs: Ms | undefined;
  /** Until the slot that the server set aside for this sender (`Weir-Next-Ms`). */
  readonly nextMs: Ms | undefined;
  /** What the reply told of the quotas; empty where it told nothing. */
  readonly limits: readonly Limit[];
}

/** What a throttle believes at this moment, for people and for metrics. */
export interface ThrottleSnapshot {
  /** Tokens per second it paces at; undefined while it has no idea, Infinity while it need not pace. */
  readonly perSecond: number | undefined;
  /** Tokens it believes could be spent now; undefined while it has no idea. */
  readonly remaining: number | undefined;
  /** Earliest instant of the next request of one event, on the same clock as all calls. */
  readonly readyAtMs: Ms;
  /** Why it waits, in one word of the field. */
  readonly waitingFor: 'nothing' | 'pace' | 'retry_after' | 'slot';
}

/**
 * Decides when one sender's next request may go, so that it uses the whole of its quota and is hardly
 * ever refused. Synchronous arithmetic: it owns no clock and no timer; whoever drives it asks again
 * after every reply, since what it learned may have changed the answer.
 */
export interface Throttle {
  /**
   * The first instant at which a request of this cost may go; Infinity where that depends on a reply
   * that is under way. Changes nothing.
   *
   * @param cost in all that a server may count: quotas of requests, events and bytes stand side by side
   */
  readyAtMs(nowMs: Ms, cost: Cost): Ms;
  /** A request goes now. Returns a number that names it until `learn` is told what came of it. */
  sent(nowMs: Ms, cost: Cost): number;
  learn(outcome: Outcome, nowMs: Ms): void;
  snapshot(nowMs: Ms): ThrottleSnapshot;
}
