import type { Cost, Decision } from '@weir/core/admission';
import { problemText } from '@weir/core/wire/problem';
import { encodeRateLimit, retryAfterSeconds } from '@weir/core/wire/rate-headers';
import type { Receipt } from '@weir/core/wire/receipt';
import { type Refusal, refusals } from '@weir/core/wire/refusal';
import { fields, paths } from '@weir/core/wire/routes';
import type { Us, World } from '@weir/core/world/world';
import { acceptedEncodings } from './body/decode-body.ts';
import type { Caller } from './tenants/caller.ts';

/** A plain object, which the Node adapter writes without building a `Headers`. */
export type ReplyHeaders = Record<string, string>;

/** A refusal by a quota, with the decision that its header fields are read from. */
export interface Limited extends Refusal {
  readonly decision: Decision;
  /** Until its sender's turn, where that has a name and others share the quota. */
  readonly nextUs?: Us | undefined;
}

export interface ReplyDeps {
  readonly world: World;
  /** Whether replies carry RateLimit fields. */
  readonly rateHeaders: boolean;
  readonly counts: { request(code: string): void };
  /** Told of each refusal, and of whom it refused where that is known. */
  readonly onRefused?: (refusal: Refusal, caller: Caller | undefined) => void;
  /** While stopping, every reply also ends its connection. */
  readonly isDraining: () => boolean;
}

/** Makes every reply of the events route: one place for header fields and for counting. */
export class Replies {
  readonly #deps: ReplyDeps;

  constructor(deps: ReplyDeps) {
    this.#deps = deps;
  }

  /** 202, or 200 where the batch is in the object store already. */
  accepted(receipt: Receipt, caller: Caller, facts: AcceptedFacts): Response {
    const headers: ReplyHeaders = {
      'content-type': 'application/json',
      location: paths.receipts + receipt.receipt,
    };
    if (facts.decision !== undefined) this.#writeRateLimit(headers, caller, facts.decision);
    if (facts.nextUs !== undefined)
      headers[fields.weirNextMs] = `${Math.ceil(facts.nextUs / 1_000)}`;
    if (facts.waited !== undefined) headers[fields.preferenceApplied] = `wait=${facts.waited}`;
    if (this.#deps.isDraining()) headers.connection = 'close';
    this.#deps.counts.request('accepted');
    const status = facts.stored ? 200 : 202;
    return new Response(receiptText(receipt), { status, headers });
  }

  /** A problem document. `closing` ends the connection, for a body that is not worth reading. */
  refused(refusal: Refusal | Limited, caller?: Caller, closing = false): Response {
    const { refused, retryAfterMs } = refusal;
    const headers: ReplyHeaders = {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    };
    if (retryAfterMs !== undefined) {
      const { world } = this.#deps;
      headers[fields.retryAfter] = `${retryAfterSeconds(retryAfterMs, world.random())}`;
      headers[fields.retryAfterMs] = `${Math.ceil(retryAfterMs)}`;
    }
    if (caller !== undefined && 'decision' in refusal) {
      this.#writeRateLimit(headers, caller, refusal.decision);
      const { nextUs } = refusal;
      if (nextUs !== undefined) headers[fields.weirNextMs] = `${Math.ceil(nextUs / 1_000)}`;
    }
    if (refused === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="weir"';
    if (refused === 'unsupported_encoding') headers['accept-encoding'] = acceptedEncodings;
    if (closing || this.#deps.isDraining()) headers.connection = 'close';
    this.#deps.counts.request(refused);
    this.#deps.onRefused?.(refusal, caller);
    const { status } = refusals[refused];
    return new Response(problemText(refusal), { status, headers });
  }

  /** 200 with JSON, for what is asked rather than sent. */
  ok(body: unknown): Response {
    const headers: ReplyHeaders = {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    };
    if (this.#deps.isDraining()) headers.connection = 'close';
    this.#deps.counts.request('ok');
    return new Response(JSON.stringify(body), { headers });
  }

  #writeRateLimit(headers: ReplyHeaders, caller: Caller, decision: Decision): void {
    if (!this.#deps.rateHeaders || decision.source === 'local') return; // its numbers would mislead
    const rate = encodeRateLimit(caller.quotas, decision);
    if (rate === undefined) return;
    headers[fields.rateLimitPolicy] = rate.policy;
    headers[fields.rateLimit] = rate.limit;
  }
}

export interface AcceptedFacts {
  /** Absent on a repeat, which is decided by nobody and costs nothing. */
  readonly decision?: Decision | undefined;
  /** Until its sender's next turn, where that has a name and others share the quota. */
  readonly nextUs?: Us | undefined;
  readonly stored?: boolean;
  /** Seconds of `Prefer: wait` that were honoured. */
  readonly waited?: number | undefined;
}

/** Receipts are ASCII without anything to escape, and nearly all have no rejected events. */
function receiptText({ receipt, accepted, rejected }: Receipt): string {
  const list = rejected.length === 0 ? '[]' : JSON.stringify(rejected);
  return `{"receipt":"${receipt}","accepted":${accepted},"rejected":${list}}`;
}

/** The refusal that tells a decision: which quotas, by how much, and when to come back. */
export function limitedBy(caller: Caller, decision: Decision, cost: Cost): Refusal | Limited {
  const { oversize, violated, verdicts, retryAfterUs, exact } = decision;
  if (oversize !== undefined) {
    const { name, unit } = caller.quotas[oversize.index] as Caller['quotas'][number];
    return {
      refused: 'cost_exceeds_burst',
      detail: `${name}: this request costs ${oversize.cost} ${unit}, the quota holds at most ${oversize.burst}; send less at once`,
      members: { quota: name, unit, cost: oversize.cost, burst: oversize.burst },
      decision,
    };
  }
  if (decision.source === 'local') return reducedBy(caller, decision);
  const parts = violated.map((place) => {
    const { name, unit } = caller.quotas[place] as Caller['quotas'][number];
    return `${name}: cost ${cost[unit]} ${unit}, available ${verdicts[place]?.remaining ?? 0}`;
  });
  const names = violated.map((place) => caller.quotas[place]?.name);
  return {
    refused: 'rate_limited',
    detail: parts.join('; '),
    retryAfterMs: retryAfterUs / 1_000,
    members: exact ? { 'violated-policies': names } : { 'violated-policies': names, exact: false },
    decision,
  };
}

/** Not a 429: all servers together may well have left what this one's share no longer has. */
function reducedBy({ quotas }: Caller, { violated, retryAfterUs }: Decision): Refusal {
  const names = violated.map((place) => quotas[place]?.name);
  return {
    refused: 'reduced_capacity',
    detail: `${names.join(', ')}: the shared limits are out of reach, and what this server may let through alone is spent`,
    retryAfterMs: retryAfterUs / 1_000,
    members: { 'violated-policies': names },
  };
}
