import type { Decision } from '@weir/core/admission';
import type { RejectionCode } from '@weir/core/wire/event';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import { fields } from '@weir/core/wire/routes';
import type { Ms } from '@weir/core/world/world';
import type { Handler } from 'hono';
import { type Declared, declared } from './body/declared.ts';
import { discardUnread } from './body/discard-body.ts';
import { type ReceiveDeps, receiveBody } from './body/receive-body.ts';
import type { Entrance } from './guards/entrance.ts';
import type { Fairness } from './guards/fairness.ts';
import { idempotencyOf } from './idempotency-key.ts';
import { type Hints, type MaybeNamed, turnLeft, turnOf, withTurn } from './limiter/hints.ts';
import type { Limiter } from './limiter/limiter.ts';
import { parseEvents } from './parse-events.ts';
import { preferredWait } from './prefer.ts';
import type { Repeats, Taken } from './repeats.ts';
import { limitedBy, type Replies } from './reply.ts';
import {
  type AppContext,
  type AppEnv,
  headerOf,
  headersOf,
  type RequestHeaders,
} from './request.ts';
import type { Idempotency } from './spool/record.ts';
import type { Slot } from './spool/spool.ts';
import type { StoredWaits } from './stored-waits.ts';
import type { Caller } from './tenants/caller.ts';
import { traceparentOf } from './traceparent.ts';

export interface IngestDeps extends ReceiveDeps {
  readonly entrance: Entrance;
  readonly limiter: Limiter;
  readonly hints: Hints;
  readonly fairness: Pick<Fairness, 'reserve' | 'leave'>;
  readonly repeats: Repeats;
  readonly waits: StoredWaits;
  readonly replies: Pick<Replies, 'accepted' | 'refused'>;
  readonly counts: IngestCounts;
  readonly longestWaitSeconds: number;
}

/** What is counted of the requests that come this far. */
export interface IngestCounts {
  decision(caller: Caller, decision: Decision): void;
  accepted(tenant: string, events: number): void;
  rejected(code: RejectionCode): void;
  /** A request was taken, so long after its header was there. */
  taken(tookMs: Ms): void;
}

/** A request that was let in as far as its header goes, with room held for its body. */
interface Admitted {
  readonly headers: RequestHeaders;
  readonly caller: Caller;
  readonly said: Declared;
  readonly slot: Slot;
  readonly startedMs: Ms;
}

/** POST /v1/events. The whole life of a request is here, in order; cheapest refusal first. */
export function ingest(deps: IngestDeps): Handler<AppEnv> {
  const { entrance, limiter, fairness, replies, counts, world } = deps;

  // Not async: a refusal that needs no body is answered in the tick in which its header arrived.
  return (c) => {
    const refuse = (refusal: Refusal, caller?: Caller): Response =>
      replies.refused(refusal, caller, discardUnread(c, world));

    const startedMs = world.now();
    const headers = headersOf(c);
    const caller = entrance.authenticate(c, headers);
    if (isRefusal(caller)) return refuse(caller);
    if (!caller.scopes.has('ingest')) return refuse(mayNotIngest);

    const said = declared(headers, caller.limits);
    if (isRefusal(said)) return refuse(said);

    // A key known to be out of quota is turned away unread, and nobody is asked.
    const known = limiter.knownRefusal(caller, said.leastCost);
    if (known !== undefined) {
      counts.decision(caller, known);
      const asked = { headers, caller, cost: said.leastCost, decision: known };
      return refuseInTurn(asked, deps.hints, (refusal) => refuse(refusal, caller));
    }

    // Held before the quota is charged: a request refused for want of room costs no tokens.
    const slot = fairness.reserve(caller, said.holdBytes);
    if (isRefusal(slot)) return refuse(slot);

    return receive(c, { headers, caller, said, slot, startedMs }, deps);
  };
}

/** At once, unless the sender has a name and its turn must be asked for. */
function refuseInTurn(
  asked: MaybeNamed,
  hints: Hints,
  refuse: (refusal: Refusal) => Response,
): Response | Promise<Response> {
  const told = withTurn(limitedBy(asked.caller, asked.decision, asked.cost), hints, asked);
  return told instanceof Promise ? told.then(refuse) : refuse(told);
}

async function receive(c: AppContext, request: Admitted, deps: IngestDeps): Promise<Response> {
  const { headers, caller, slot } = request;
  const { repeats, replies, fairness } = deps;
  try {
    const body = await receiveBody(c, request, deps);
    if (isRefusal(body)) return refuseBody(body, c, request, deps);

    const idempotency = idempotencyOf(headers[fields.idempotencyKey], caller.tenant, body);
    if (idempotency !== undefined && isRefusal(idempotency)) return replies.refused(idempotency);

    const taken =
      idempotency === undefined
        ? await take(request, body, deps)
        : await repeats.once(idempotency, () => take(request, body, deps, idempotency));
    if (isRefusal(taken)) return refuseBody(taken, c, request, deps);

    deps.counts.taken(deps.world.now() - request.startedMs);
    // Not awaited where nobody waits: each promise less is a microtask less on the hot path.
    return headers[fields.prefer] === undefined
      ? replies.accepted(taken.receipt, caller, taken)
      : await answer(taken, request, deps);
  } finally {
    slot.release();
    fairness.leave(caller);
  }
}

/** A body that cannot be parsed is told of at the entrance: too many of them are not read any more. */
function refuseBody(
  refusal: Refusal,
  c: AppContext,
  { headers, caller }: Admitted,
  { entrance, replies, world }: IngestDeps,
): Response {
  entrance.sentGarbage(c, headers, caller, refusal.refused);
  return replies.refused(refusal, caller, discardUnread(c, world));
}

/** Parses, charges, and waits until the batch is safe. Nothing is charged for what is not kept. */
async function take(
  { headers, caller, said, slot }: Admitted,
  body: Buffer,
  { limiter, hints, counts, world }: IngestDeps,
  idempotency?: Idempotency,
): Promise<Taken | Refusal> {
  const events = parseEvents(body, said.kind, caller.limits, headers);
  if (isRefusal(events)) return events;

  const cost = { requests: 1, events: events.accepted, bytes: body.length };
  const decided = limiter.take(caller, cost);
  const decision = decided instanceof Promise ? await decided : decided; // memory needs no await
  counts.decision(caller, decision);
  if (!decision.allowed) {
    const asked = { headers, caller, cost, decision };
    return withTurn(limitedBy(caller, decision, cost), hints, asked);
  }

  const isNamed = headers[fields.weirClient] !== undefined;
  const turn = isNamed
    ? turnLeft(turnOf(hints, { headers, caller, cost, decision }), world)
    : undefined;
  const { tenant, keyId } = caller;
  const traceparent = traceparentOf(headers.traceparent);
  const receipt = await slot.append({ ...events, tenant, keyId, traceparent, idempotency, body });
  if (isRefusal(receipt)) {
    limiter.refund(caller, cost);
    return receipt;
  }
  counts.accepted(tenant, events.accepted);
  for (const { code } of events.rejected) counts.rejected(code);
  return { receipt, decision, nextUs: turn === undefined ? undefined : await turn() };
}

/** Where the sender prefers to wait: 200 as soon as the batch is in the object store, else 202. */
async function answer(
  { receipt, decision, nextUs }: Taken,
  { headers, caller }: Admitted,
  { waits, replies, longestWaitSeconds }: IngestDeps,
): Promise<Response> {
  const seconds = preferredWait(headerOf(headers, fields.prefer), longestWaitSeconds);
  if (seconds === undefined || !waits.hasRoom) {
    return replies.accepted(receipt, caller, { decision, nextUs });
  }
  const stored = await waits.wait(receipt.receipt, seconds * 1_000);
  return replies.accepted(receipt, caller, { decision, stored, waited: seconds });
}

const mayNotIngest: Refusal = {
  refused: 'forbidden',
  detail: 'this key may not send events: it needs the scope "ingest"',
};
