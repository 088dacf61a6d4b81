import type { Outcome, Throttle } from '@weir/core/throttle/throttle';
import type { Us } from '@weir/core/world/world';
import type { Observer, Result } from '../run.ts';
import type { QuotaScenario } from '../scenario.ts';
import { EventQueue, eventKinds } from './event-queue.ts';
import { Exchange, tokensOffered } from './exchange.ts';
import { type Population, type ProcessState, populate } from './population.ts';
import { oneRequest } from './quota-server.ts';
import type { Sleeper, Strategy } from './strategy.ts';

// The code of an event is `kind × clients + number`; kind 0 is a request that reaches the server.
const ask = 1;
const hear = 2;
const wake = 3;

/**
 * Clients that always have something to send, on one quota. A client that shares its throttle with
 * nobody costs one event a request: from the server's decision to its next request nobody else can
 * change what it does, so its reply is heard at once, as of the instant at which it arrives.
 */
export class ClosedLoop {
  readonly #scenario: QuotaScenario;
  readonly #people: Population;
  readonly #exchange: Exchange;
  readonly #queue: EventQueue;
  readonly #endUs: Us;
  readonly #attempt: Int32Array; // of the request under way, from 0
  readonly #ticket: Float64Array; // what `sent` of the throttle returned
  readonly #wantedUs: Float64Array; // since when the request under way is wanted
  readonly #queuedUs: Float64Array; // since when it waits for a shared throttle
  readonly #replies: (Outcome | undefined)[] = []; // under way to clients that share
  readonly #outcome: { -readonly [K in keyof Outcome]: Outcome[K] } = {
    sent: 0,
    cause: 'ok',
    retryAfterMs: undefined,
    nextMs: undefined,
    limits: [],
  };
  #left = 0;
  #lastLeftUs: Us = 0;

  constructor(scenario: QuotaScenario, people: Population, exchange: Exchange) {
    this.#scenario = scenario;
    this.#people = people;
    this.#exchange = exchange;
    this.#queue = new EventQueue(eventKinds * people.count);
    this.#endUs = Math.round(scenario.durationMs * 1_000);
    this.#attempt = new Int32Array(people.count);
    this.#ticket = new Float64Array(people.count);
    this.#wantedUs = Float64Array.from(people.startUs);
    this.#queuedUs = new Float64Array(people.count);
  }

  /** Runs to the end; to be called once. Returns when it ended, and whether all clients had left by then. */
  run(): { readonly endedUs: Us; readonly cleared: boolean } {
    const { count, startUs } = this.#people;
    for (let client = 0; client < count; client += 1) {
      if (this.#takesRequest(client)) this.#push(startUs[client] as number, ask * count + client);
      else this.#leaves(0);
    }
    for (const { atMs, quota } of this.#scenario.server.changes) {
      const atUs = Math.round(atMs * 1_000);
      if (atUs > this.#endUs) break;
      this.#runUntil(atUs - 1);
      this.#exchange.change(quota, atUs);
    }
    this.#runUntil(this.#endUs);
    const cleared = this.#left === count && this.#lastLeftUs < this.#endUs;
    return { endedUs: cleared ? this.#lastLeftUs : this.#endUs, cleared };
  }

  #runUntil(untilUs: Us): void {
    const queue = this.#queue;
    const { count } = this.#people;
    for (;;) {
      const nowUs = queue.nextUs();
      if (nowUs > untilUs || nowUs === Infinity) return;
      const code = queue.nextCode();
      if (code < count) {
        this.#arrives(code, nowUs);
        continue;
      }
      queue.drop();
      const kind = Math.floor(code / count);
      const number = code - kind * count;
      if (kind === ask) this.#asks(number, nowUs);
      else if (kind === hear) this.#hears(number, nowUs);
      else this.#wakes(number, nowUs);
    }
  }

  /** A request reaches the server. Its entry in the queue becomes that of what follows. */
  #arrives(client: number, nowUs: Us): void {
    const repliedUs = this.#exchange.arrive(client, nowUs);
    const { cause, retryAfterMs, nextMs, limits } = this.#exchange.reply;
    const sent = this.#ticket[client] as number;
    if (this.#processOf(client).size > 1) {
      this.#replies[client] = { sent, cause, retryAfterMs, nextMs, limits };
      this.#replace(repliedUs, hear * this.#people.count + client);
      return;
    }
    const outcome = this.#outcome;
    outcome.sent = sent;
    outcome.cause = cause;
    outcome.retryAfterMs = retryAfterMs;
    outcome.nextMs = nextMs;
    outcome.limits = limits;
    const askUs = this.#learns(client, outcome, repliedUs);
    const arrivesUs = askUs === Infinity ? Infinity : this.#sendsFrom(client, askUs);
    if (askUs === Infinity) this.#leaves(repliedUs);
    this.#replace(arrivesUs, client);
  }

  /** A client wants to send, and waits for its turn where it shares a throttle. */
  #asks(client: number, nowUs: Us): void {
    const { process, throttles } = this.#people;
    const state = this.#processOf(client);
    if (state.size === 1 || throttles[client] === undefined) {
      this.#push(this.#sendsFrom(client, nowUs), client);
      return;
    }
    this.#queuedUs[client] = nowUs;
    // What was refused goes first: it has waited longest.
    if ((this.#attempt[client] as number) > 0) state.waiting.unshift(client);
    else state.waiting.push(client);
    this.#serves(process[client] as number, nowUs);
  }

  /** A reply reaches a client that shares state with others. */
  #hears(client: number, nowUs: Us): void {
    const { count, process, throttles } = this.#people;
    const askUs = this.#learns(client, this.#replies[client] as Outcome, nowUs);
    if (askUs === Infinity) this.#leaves(nowUs);
    else if (askUs > nowUs) this.#push(askUs, ask * count + client);
    else this.#asks(client, nowUs);
    if (throttles[client] !== undefined) this.#serves(process[client] as number, nowUs);
  }

  #wakes(process: number, nowUs: Us): void {
    const state = this.#people.processes[process] as ProcessState;
    if (state.wakeUs !== nowUs) return; // it was looked at since, and will be earlier
    state.wakeUs = Infinity;
    this.#serves(process, nowUs);
  }

  /** Sends for those at the head of the queue whose time has come. */
  #serves(process: number, nowUs: Us): void {
    const { count, processes, throttles, stopUs } = this.#people;
    const state = processes[process] as ProcessState;
    while (state.waiting.length > 0) {
      const client = state.waiting[0] as number;
      const throttle = throttles[client] as Throttle;
      const readyUs = microseconds(throttle.readyAtMs(nowUs / 1_000, oneRequest));
      if (readyUs > nowUs) {
        if (readyUs >= state.wakeUs) return;
        state.wakeUs = readyUs;
        this.#push(readyUs, wake * count + process);
        return;
      }
      state.waiting.shift();
      if (nowUs >= (stopUs[client] as number)) {
        this.#leaves(stopUs[client] as number);
        continue;
      }
      this.#ticket[client] = throttle.sent(nowUs / 1_000, oneRequest);
      const sleptUs = nowUs - (this.#queuedUs[client] as number);
      this.#push(this.#exchange.send(client, nowUs, sleptUs), client);
    }
  }

  /** Tells the sender what came of its request. Returns when it asks again; Infinity where it leaves. */
  #learns(client: number, outcome: Outcome, nowUs: Us): Us {
    const throttle = this.#people.throttles[client];
    let waitMs = 0;
    if (throttle !== undefined) throttle.learn(outcome, nowUs / 1_000);
    else waitMs = (this.#people.sleepers[client] as Sleeper).afterMs(outcome, nowUs / 1_000);
    const { tally } = this.#exchange;
    if (outcome.cause === 'ok') {
      tally.waits.add(nowUs - (this.#wantedUs[client] as number));
      return this.#isSpent(outcome) ? Infinity : this.#wantsNext(client, nowUs);
    }
    if (waitMs === Infinity) {
      tally.lost += 1;
      return this.#wantsNext(client, nowUs);
    }
    this.#attempt[client] = (this.#attempt[client] as number) + 1;
    const waitUs = Math.max(0, microseconds(waitMs));
    if (waitUs > 0) tally.slept(client, waitUs);
    return nowUs + waitUs;
  }

  #isSpent({ limits }: Outcome): boolean {
    const { stopAtRemaining } = this.#scenario;
    const remaining = limits[0]?.remaining;
    return stopAtRemaining !== undefined && remaining !== undefined && remaining <= stopAtRemaining;
  }

  /** When the client asks for its next request; Infinity where its process has no more to send. */
  #wantsNext(client: number, nowUs: Us): Us {
    if (!this.#takesRequest(client)) return Infinity;
    const wantedUs = nowUs + (this.#people.gapUs[client] as number);
    this.#wantedUs[client] = wantedUs;
    this.#attempt[client] = 0;
    return wantedUs;
  }

  #takesRequest(client: number): boolean {
    const process = this.#processOf(client);
    process.requestsLeft -= 1;
    return process.requestsLeft >= 0;
  }

  /**
   * A client that waits for nobody else asks, waits and sends. Returns when that reaches the server;
   * Infinity where it leaves before.
   */
  #sendsFrom(client: number, nowUs: Us): Us {
    const throttle = this.#people.throttles[client];
    const nowMs = nowUs / 1_000;
    let sendUs: Us;
    if (throttle === undefined) {
      const sleeper = this.#people.sleepers[client] as Sleeper;
      sendUs = nowUs + microseconds(sleeper.beforeMs(nowMs, this.#attempt[client] as number));
    } else {
      sendUs = Math.max(nowUs, microseconds(throttle.readyAtMs(nowMs, oneRequest)));
    }
    if (sendUs >= (this.#people.stopUs[client] as number)) {
      this.#exchange.tally.slept(client, Math.min(sendUs, this.#endUs) - nowUs);
      this.#leaves(this.#people.stopUs[client] as number);
      return Infinity;
    }
    if (throttle !== undefined) this.#ticket[client] = throttle.sent(sendUs / 1_000, oneRequest);
    return this.#exchange.send(client, sendUs, sendUs - nowUs);
  }

  #leaves(nowUs: Us): void {
    this.#left += 1;
    this.#lastLeftUs = Math.max(this.#lastLeftUs, nowUs);
  }

  #processOf(client: number): ProcessState {
    return this.#people.processes[this.#people.process[client] as number] as ProcessState;
  }

  #push(atUs: Us, code: number): void {
    if (atUs <= this.#endUs) this.#queue.push(atUs, code);
  }

  #replace(atUs: Us, code: number): void {
    if (atUs <= this.#endUs) this.#queue.replace(atUs, code);
    else this.#queue.drop();
  }
}

/** Rounded up, so that nothing comes before its time. */
function microseconds(ms: number): Us {
  return Math.ceil(ms * 1_000);
}

/** Runs clients that always have something to send against one quota. */
export function runClosedLoop(
  scenario: QuotaScenario,
  strategy: Strategy,
  seed: number,
  observer: Observer | undefined,
): Result {
  const people = populate(scenario, strategy, seed);
  const { count: clients, networkSeed } = people;
  const { named, name } = strategy;
  const exchange = new Exchange(scenario, { clients, networkSeed, named, observer });
  const { endedUs, cleared } = new ClosedLoop(scenario, people, exchange).run();
  const { tally } = exchange;
  return {
    scenario,
    strategy: name,
    seed,
    endedMs: endedUs / 1_000,
    cleared,
    clients: tally.clients,
    lost: tally.lost,
    waits: tally.waits,
    timeline: tally.timeline,
    tokensOffered: tokensOffered(scenario, endedUs / 1_000),
  };
}
