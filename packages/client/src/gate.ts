import { backoffMs, RetryBudget } from '@weir/core/retry';
import type { Cause, ThrottleSnapshot } from '@weir/core/throttle/throttle';
import { sleep } from '@weir/core/world/sleep';
import type { Ms, World } from '@weir/core/world/world';
import type { Answer, Failed } from './attempt.ts';
import { type Batch, costOf } from './batch.ts';
import type { Identity, KeyHolder } from './key-holder.ts';
import type { Origins, Try } from './origins.ts';
import type { Comer } from './turnstile.ts';
import { WeirError } from './weir-error.ts';

/** Leave to send one request now, to one server. */
export interface Pass {
  readonly origin: string;
  readonly key: string;
  readonly sender: string;
  /** Must be called once with what came of it; undefined where the request was aborted. */
  learn(answer: Answer | undefined): void;
}

/** Hears why nothing goes out. */
interface GateEvents {
  /** A batch has to wait for the pace of its key. */
  paced(snapshot: ThrottleSnapshot, waitMs: Ms): void;
  /** The function that gives the key failed. */
  keyFailed(error: unknown): void;
}

export interface GateDeps {
  readonly events: GateEvents;
  readonly world: World;
  readonly origins: Origins;
  readonly keys: KeyHolder;
  readonly deliveryTimeoutMs: Ms;
}

const holdMs = 60_000;
const keyBackoff = { baseMs: 500, maxMs: 30_000 };
const again: Ms = 1_000;

/** The only way out: pace, servers, retry budget and a key that was refused, all in one place. */
export class Gate {
  readonly #deps: GateDeps;
  readonly #budget: RetryBudget = new RetryBudget();
  /** 0: not held; else when one probe may go, Infinity while it is under way. */
  #heldUntilMs: Ms = 0;
  #waiting = 0;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  /** Batches that wait for leave. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How long nothing goes out because the key was refused; undefined where it was not. */
  heldForMs(): Ms | undefined {
    if (this.#heldUntilMs === 0) return undefined;
    return Math.max(0, Math.min(holdMs, this.#heldUntilMs - this.#deps.world.now()));
  }

  /** Resolves at the instant at which the batch may go; rejects with the signal's reason, or `expired`. */
  async pass(batch: Batch, signal: AbortSignal): Promise<Pass> {
    this.#waiting += 1;
    try {
      const identity = await this.#identity(signal);
      return await this.#enter(batch, identity, signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** A key that cannot be fetched is as a server that cannot be reached: it is tried again. */
  async #identity(signal: AbortSignal): Promise<Identity> {
    const { world, keys, events } = this.#deps;
    for (let failures = 1; ; failures += 1) {
      try {
        const identity = await keys.current();
        signal.throwIfAborted();
        return identity;
      } catch (error) {
        signal.throwIfAborted();
        events.keyFailed(error);
        await sleep(world, backoffMs(keyBackoff, failures, 0, (1 + world.random()) / 2), signal);
      }
    }
  }

  #enter(batch: Batch, identity: Identity, signal: AbortSignal): Promise<Pass> {
    const { world, deliveryTimeoutMs } = this.#deps;
    const { promise, resolve, reject } = Promise.withResolvers<Pass>();
    const enteredMs = world.now();
    let readySinceMs: Ms | undefined;
    const comer: Comer = {
      cost: costOf(batch),
      readyAtMs: (nowMs) => {
        const readyMs = this.#readyAtMs(batch, nowMs);
        if (readyMs <= nowMs) readySinceMs ??= nowMs;
        return readyMs;
      },
      go: (sent) => {
        stop();
        batch.spentMs += (readySinceMs ?? enteredMs) - enteredMs;
        resolve(this.#begin(batch, identity, sent));
      },
    };
    let leave = (): void => {};
    const giveUp = (reason: unknown): void => {
      stop();
      leave();
      reject(reason);
    };
    const aborted = (): void => giveUp(signal.reason);
    const cancelExpiry = this.#onExpiry(deliveryTimeoutMs - batch.spentMs, () => {
      if (readySinceMs !== undefined) return false; // only the pace is waited for
      giveUp(expired(batch, deliveryTimeoutMs));
      return true;
    });
    const stop = (): void => {
      hasLeft = true;
      cancelExpiry();
      signal.removeEventListener('abort', aborted);
    };
    let hasLeft = false;
    signal.addEventListener('abort', aborted);
    leave = identity.turnstile.enter(comer); // it may go before this returns
    if (!hasLeft && readySinceMs !== undefined) this.#tellPaced(identity, enteredMs);
    return promise;
  }

  #tellPaced({ turnstile }: Identity, nowMs: Ms): void {
    const snapshot = turnstile.snapshot();
    const waitMs = snapshot.readyAtMs - nowMs;
    if (waitMs > 0) this.#deps.events.paced(snapshot, waitMs);
  }

  #readyAtMs(batch: Batch, nowMs: Ms): Ms {
    const { origins } = this.#deps;
    const isPaid = batch.failures > 0;
    return Math.max(
      batch.notBeforeMs,
      this.#heldUntilMs,
      origins.readyAtMs(nowMs),
      isPaid ? this.#budget.readyAtMs(nowMs) : nowMs,
    );
  }

  #begin(batch: Batch, { key, turnstile }: Identity, sent: number): Pass {
    const { world, origins } = this.#deps;
    if (batch.failures > 0) this.#budget.spend(world.now());
    else if (batch.attempts === 0) this.#budget.earn();
    if (this.#heldUntilMs !== 0) this.#heldUntilMs = Infinity;
    const under = origins.begin();
    const startedMs = world.now();
    return {
      origin: under.origin,
      key,
      sender: turnstile.sender,
      learn: (answer) => {
        batch.spentMs += world.now() - startedMs;
        tell(under, answer);
        this.#learnHold(answer);
        const { retryAfterMs, limits } = answer?.news ?? { retryAfterMs: undefined, limits: [] };
        const cause = answer === undefined ? 'fault' : causeOf(answer);
        // A wait that another clock keeps must not slow the pace of the whole key.
        const waitMs = cause === 'fault' ? undefined : retryAfterMs;
        turnstile.learn({ sent, cause, retryAfterMs: waitMs, nextMs: answer?.nextMs, limits });
      },
    };
  }

  #learnHold(answer: Answer | undefined): void {
    const isHeld = answer?.is === 'failed' && answer.reaction.next === 'hold';
    const tellsNothing =
      answer === undefined || (answer.is === 'failed' && answer.reaction.isFault);
    if (isHeld) this.#deps.keys.refused();
    if (isHeld || (tellsNothing && this.#heldUntilMs !== 0)) {
      this.#heldUntilMs = this.#deps.world.now() + holdMs;
    } else if (!tellsNothing) {
      this.#heldUntilMs = 0;
    }
  }

  /** Asks `hasEnded` when the time is over, and every second after where it says no. */
  #onExpiry(limitMs: Ms, hasEnded: () => boolean): () => void {
    if (limitMs === Infinity) return () => {};
    const { world } = this.#deps;
    let cancel = (): void => {};
    const look = (): void => {
      if (!hasEnded()) cancel = world.after(again, look);
    };
    cancel = world.after(Math.max(0, limitMs), look);
    return () => cancel();
  }
}

function tell(under: Try, answer: Answer | undefined): void {
  if (answer === undefined) under.left();
  else if (answer.is === 'taken' || answersWell(answer)) under.answered();
  else under.failed(answer.reaction, answer.news.retryAfterMs);
}

/** A server that says no for the request's own sake is well. */
function answersWell({ reaction }: Failed): boolean {
  return !reaction.isFault && reaction.clock !== 'server' && reaction.failover === 'never';
}

function causeOf(answer: Answer): Cause {
  if (answer.is === 'taken') return 'ok';
  if (answer.reaction.clock === 'pace') return 'rate_limited';
  if (answer.reaction.clock === 'server') return 'overloaded';
  return answer.reaction.isFault ? 'fault' : 'ok';
}

function expired(batch: Batch, limitMs: Ms): WeirError {
  const detail = `not delivered within deliveryTimeoutMs (${limitMs} ms)`;
  return new WeirError('expired', detail, { attempts: batch.attempts, requestId: batch.key });
}
