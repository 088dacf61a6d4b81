import type { Decision } from '@weir/core/admission';
import type { BreakerEvent, BreakerState } from '@weir/core/breaker';
import { breakerAfter, closedBreaker } from '@weir/core/breaker';
import type { Ms, World } from '@weir/core/world/world';
import { withinDeadline } from '../redis/deadline.ts';
import type { RedisScript } from '../redis/script.ts';
import { type Ask, type BatchReply, TakeBatch } from './take-batch.ts';

/** What is told of calls, for metrics and for what is remembered. */
export interface LaneEvents {
  /** A call was answered: so many asks, the first of which had waited so long. */
  called(asks: number, waitedMs: Ms): void;
  /** Also of an answer that came after its deadline. */
  learned(reply: BatchReply, sentMs: Ms): void;
  /** Charged by a call that had been given up: what nobody was told of. */
  ghosts(charged: number): void;
  /** Redis is given up (with the reason), or asked again. */
  troubled(reason: string): void;
  recovered(afterMs: Ms): void;
}

export interface LaneDeps {
  readonly script: RedisScript;
  readonly world: World;
  /** Runs a task once all that arrived in this turn of the event loop has been looked at. */
  readonly soon: (task: () => void) => void;
  /** How long an ask may wait for its answer. */
  readonly deadlineMs: Ms;
  /** A key of this lane, for asking whether Redis is back. */
  readonly probeKey: string;
  readonly events: LaneEvents;
}

/**
 * Told the decision, or undefined where there is none in time: then whoever asked decides alone, and
 * is told a second time if the answer comes after all.
 */
type Answered = (decision: Decision | undefined, isLate: boolean) => void;

interface Waiting {
  readonly ask: Ask;
  readonly answered: Answered;
}

/** Longer than it takes until all servers have found out that Redis is back. */
const probationMs = 300;
const mostCalls = 32;
const mostWaiting = 4_096;
const probeMs = 250;
const breaker = { failures: 5, firstPauseMs: probeMs, longestPauseMs: probeMs };
const outcomesKept = 20;

/**
 * The way of asks to one Redis, or to one hash tag of a Cluster. What comes in one turn of the event
 * loop goes out together, in order and in calls of at most 64 asks, several of them at once. An ask
 * is answered within the deadline, with undefined where Redis does not answer. After five
 * failures in a row, or ten among the last twenty calls, Redis is asked no more; a probe looks every
 * 250 ms whether it is back. At most 4,096 asks wait; beyond, they are answered at once.
 */
export class Lane {
  readonly #deps: LaneDeps;
  #waiting: Waiting[] = [];
  /** Since when the first of them has been waiting. */
  #sinceMs: Ms = 0;
  #calls = 0;
  #isScheduled = false;
  #breaker: BreakerState = closedBreaker;
  #troubledMs = 0;
  #recoveredMs = -Infinity;
  #cancelProbe: () => void = () => {};
  readonly #outcomes: boolean[] = [];

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  /** Whether Redis is asked at present. */
  get works(): boolean {
    return this.#breaker.is === 'closed';
  }

  /** For a while after Redis is back, while other servers may still let through their shares. */
  get isOnProbation(): boolean {
    return this.works && this.#deps.world.now() < this.#recoveredMs + probationMs;
  }

  /** Answered in any case; while it does not work, that may take the whole deadline. */
  ask(ask: Ask, answered: Answered): void {
    if (this.#waiting.length >= mostWaiting) {
      answered(undefined, false);
      return;
    }
    if (this.#waiting.length === 0) this.#sinceMs = this.#deps.world.now();
    this.#waiting.push({ ask, answered });
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#deps.soon(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  /** Answers who still waits, and asks Redis no more. */
  close(): void {
    this.#cancelProbe();
    this.#failAll();
  }

  #send(): void {
    let taken = 0;
    while (taken < this.#waiting.length && this.#calls < mostCalls) {
      const batch = new TakeBatch();
      const first = taken;
      while (taken < this.#waiting.length && batch.add((this.#waiting[taken] as Waiting).ask)) {
        taken += 1;
      }
      this.#call(batch, this.#waiting.slice(first, taken));
    }
    this.#waiting = this.#waiting.slice(taken);
  }

  #call(batch: TakeBatch, waiting: readonly Waiting[]): void {
    const { world, script, deadlineMs, events } = this.#deps;
    const sentMs = world.now();
    const sinceMs = this.#sinceMs;
    const answer = script.run(batch.keys, [batch.pack()]).then((reply) => {
      const read = batch.read(reply as Buffer);
      events.learned(read, sentMs);
      return read;
    });
    this.#calls += 1;
    withinDeadline(answer, Math.max(1, deadlineMs - (sentMs - sinceMs)), world, (reply) => {
      if (reply !== undefined) this.#tellLate(reply, waiting);
    }).then(
      ({ decisions }) => {
        this.#ended(true);
        events.called(waiting.length, world.now() - sinceMs);
        for (let i = 0; i < waiting.length; i += 1)
          (waiting[i] as Waiting).answered(decisions[i], false);
      },
      (error: Error) => {
        this.#ended(false, error.message);
        for (const { answered } of waiting) answered(undefined, false);
      },
    );
  }

  #ended(isGood: boolean, why = ''): void {
    this.#calls -= 1;
    if (this.#outcomes.push(isGood) > outcomesKept) this.#outcomes.shift();
    const isHalfBad =
      this.#outcomes.length === outcomesKept &&
      this.#outcomes.filter((good) => !good).length * 2 >= outcomesKept;
    if (this.works) {
      this.#step(isGood ? { what: 'answered' } : failed, isHalfBad ? 1 : breaker.failures);
      if (!this.works) this.#giveUp(why);
    }
    if (this.#waiting.length > 0) this.#send();
  }

  #tellLate({ decisions }: BatchReply, waiting: readonly Waiting[]): void {
    let charged = 0;
    for (const [i, { ask, answered }] of waiting.entries()) {
      if (ask.kind !== 'take') continue;
      if (decisions[i]?.allowed) charged += 1;
      answered(decisions[i], true);
    }
    this.#deps.events.ghosts(charged);
  }

  #giveUp(why: string): void {
    const { world, events } = this.#deps;
    this.#troubledMs = world.now();
    events.troubled(why);
    this.#failAll();
    this.#probeLater();
  }

  #failAll(): void {
    for (const { answered } of this.#waiting.splice(0)) answered(undefined, false);
  }

  #probeLater(): void {
    const { world } = this.#deps;
    this.#cancelProbe = world.after(probeMs, () => void this.#probe());
  }

  /** Asks nothing, so that no request waits for it. */
  async #probe(): Promise<void> {
    const { world, script, deadlineMs, probeKey, events } = this.#deps;
    this.#step({ what: 'tried' });
    const isBack = await withinDeadline(
      script.run([probeKey], [new TakeBatch().pack()]),
      deadlineMs,
      world,
    ).then(
      () => true,
      () => false,
    );
    this.#step(isBack ? { what: 'answered' } : { what: 'failed', isProbe: true });
    if (!this.works) return this.#probeLater();
    this.#outcomes.length = 0;
    this.#recoveredMs = world.now();
    events.recovered(this.#recoveredMs - this.#troubledMs);
  }

  #step(event: BreakerEvent, failures: number = breaker.failures): void {
    const { world } = this.#deps;
    const moment = { nowMs: world.now(), lot: 1 };
    this.#breaker = breakerAfter(this.#breaker, event, { ...breaker, failures }, moment);
  }
}

const failed: BreakerEvent = { what: 'failed', isProbe: false };
