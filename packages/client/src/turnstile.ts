import type { Cost } from '@weir/core/admission';
import type { Outcome, Throttle, ThrottleSnapshot } from '@weir/core/throttle/throttle';
import type { Ms, World } from '@weir/core/world/world';

/** One request that wants to go. Plain, since copies of this package share a turnstile. */
export interface Comer {
  /** The first instant at which it may go, as far as the pace is not concerned; Infinity: wait. */
  readyAtMs(nowMs: Ms): Ms;
  readonly cost: Cost;
  /** Called once, when it must go at once; `sent` names it to `learn`. */
  go(sent: number): void;
}

/**
 * Where the requests of one key wait for their pace, of all clients in the process. This is what
 * lies in the registry of the process: its version changes with any of its members.
 */
export interface Turnstile {
  readonly version: 1;
  /** A random name that servers tell this sender by. */
  readonly sender: string;
  /** First come, first served, but for those not ready yet. Returns how to leave before one's turn. */
  enter(comer: Comer): () => void;
  /** Tells what came of a request, and asks again when the next may go. */
  learn(outcome: Outcome): void;
  /** Something else changed: asks again. */
  nudge(): void;
  snapshot(): ThrottleSnapshot;
}

const leastWaitMs = 0.05;
const longestWaitMs = 60_000; // asked again at the latest then, should anything have been missed

/** A throttle with its queue and its one timer. As many may wait as clients allow at once. */
export class PacedTurnstile implements Turnstile {
  readonly version = 1;
  readonly sender: string;
  readonly #throttle: Throttle;
  readonly #world: World;
  readonly #comers: Comer[] = [];
  readonly #window = new Window();
  #cancelTimer: (() => void) | undefined;
  #isPassing = false;

  constructor(throttle: Throttle, world: World) {
    this.#throttle = throttle;
    this.#world = world;
    this.sender = [...world.randomBytes(12)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
  }

  enter(comer: Comer): () => void {
    this.#comers.push(comer);
    this.nudge();
    return () => {
      const place = this.#comers.indexOf(comer);
      if (place < 0) return;
      this.#comers.splice(place, 1);
      this.nudge();
    };
  }

  learn(outcome: Outcome): void {
    const nowMs = this.#world.now();
    this.#throttle.learn(outcome, nowMs);
    this.#window.learn(outcome, nowMs, this.#throttle.snapshot(nowMs).perSecond);
    this.nudge();
  }

  nudge(): void {
    if (this.#isPassing) return; // whoever goes may change things: the loop sees it
    this.#isPassing = true;
    try {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      const nextMs = this.#letPass();
      if (nextMs === Infinity) return;
      const delayMs = Math.max(leastWaitMs, Math.min(longestWaitMs, nextMs - this.#world.now()));
      this.#cancelTimer = this.#world.after(delayMs, () => this.nudge());
    } finally {
      this.#isPassing = false;
    }
  }

  snapshot(): ThrottleSnapshot {
    return this.#throttle.snapshot(this.#world.now());
  }

  /** Lets everyone go whose turn it is; returns when to look again. */
  #letPass(): Ms {
    for (;;) {
      if (this.#window.isFull) return Infinity; // the next answer asks again
      const nowMs = this.#world.now();
      let earliestMs = Infinity;
      const place = this.#comers.findIndex((comer) => {
        const readyMs = comer.readyAtMs(nowMs);
        earliestMs = Math.min(earliestMs, readyMs);
        return readyMs <= nowMs;
      });
      const comer = this.#comers[place];
      if (comer === undefined) return earliestMs;
      const turnMs = this.#throttle.readyAtMs(nowMs, comer.cost);
      if (turnMs > nowMs) return turnMs;
      this.#comers.splice(place, 1);
      const sent = this.#throttle.sent(nowMs, comer.cost);
      this.#window.sent(sent, nowMs);
      comer.go(sent);
    }
  }
}

const widest = 1_024;
const weightOfNewest = 0.2;
/** So long after its last turn a sender still counts as one of those who share the quota. */
const sharedForMs: Ms = 2_000;
/** By so much it opens in a round trip where the server tells of a quota. */
const growth = 1;
/** The same while others are about: a second request after two. */
const sharedGrowth = 0.5;

/**
 * How many requests may be under way at once. It opens as answers come, by one with each round trip,
 * or twice as wide where no quota is told of, so that the processes that share a key do not spend its
 * burst several times over; where the server tells turns, it is as wide as their rate needs and no wider: one more would take the turn of
 * another. Where others are about and the server tells no turn, since all were held up and there is
 * enough for each once more, it shuts to one and opens slowly: else each would spend all that is left.
 */
class Window {
  readonly #sentMs = new Map<number, Ms>();
  #width = 1;
  #roundTripMs: Ms | undefined;
  /** The last answer told a turn. */
  #isLed = false;
  #sharedUntilMs: Ms = -Infinity;

  get isFull(): boolean {
    return this.#sentMs.size >= Math.floor(this.#width);
  }

  sent(sent: number, nowMs: Ms): void {
    this.#sentMs.set(sent, nowMs);
  }

  learn({ sent, cause, nextMs, limits }: Outcome, nowMs: Ms, perSecond: number | undefined): void {
    const sentMs = this.#sentMs.get(sent);
    this.#sentMs.delete(sent);
    if (sentMs === undefined || cause === 'fault') return;
    const tookMs = nowMs - sentMs;
    this.#roundTripMs ??= tookMs;
    this.#roundTripMs += weightOfNewest * (tookMs - this.#roundTripMs);
    if (nextMs !== undefined) {
      const isPaced = perSecond !== undefined && perSecond < Infinity;
      this.#width = 1 + (isPaced ? Math.floor((perSecond * this.#roundTripMs) / 1_000) : 0);
      this.#isLed = true;
      // Who is refused is told a turn also where nobody else is about.
      if (cause === 'ok') this.#sharedUntilMs = nowMs + sharedForMs;
    } else if (cause === 'ok') {
      this.#open(nowMs, limits.length > 0);
      this.#isLed = false;
    }
  }

  #open(nowMs: Ms, isLimited: boolean): void {
    const isShared = nowMs < this.#sharedUntilMs;
    if (isShared && this.#isLed) this.#width = 1;
    else if (isShared) this.#width += sharedGrowth / this.#width;
    else this.#width += isLimited ? growth / this.#width : 1;
    this.#width = Math.min(widest, this.#width);
  }
}
