import type { Outcome, Throttle } from '@weir/core/throttle/throttle';
import type { Us } from '@weir/core/world/world';
import type { Observer, Result } from '../run.ts';
import type { QuotaScenario } from '../scenario.ts';
import { column, countsOf, rowLength } from './client-rows.ts';
import { EventQueue, eventKinds } from './event-queue.ts';
import { Exchange, tokensOffered } from './exchange.ts';
import { type Population, type ProcessQueue, populate } from './population.ts';
import { copyOf, oneRequest } from './quota-server.ts';
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
  readonly #rows: Float64Array;
  readonly #exchange: Exchange;
  readonly #queue: EventQueue;
  readonly #endUs: Us;
  readonly #stopAtRemaining: number;
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
    const { tokens, periodMs } = scenario.server.quota;
    this.#scenario = scenario;
    this.#people = people;
    this.#rows = people.rows;
    this.#exchange = exchange;
    this.#queue = new EventQueue(eventKinds * people.count, (1_000 * periodMs) / tokens);
    this.#endUs = Math.round(scenario.durationMs * 1_000);
    this.#stopAtRemaining = scenario.stopAtRemaining ?? -1;
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
      const code = queue.take(untilUs);
      if (code < 0) return;
      const { nowUs } = queue;
      if (code < count) {
        this.#arrives(code, nowUs);
        continue;
      }
      const kind = Math.floor(code / count);
      const number = code - kind * count;
      if (kind === ask) this.#asks(number, nowUs);
      else if (kind === hear) this.#hears(number, nowUs);
      else this.#wakes(number, nowUs);
    }
  }

  /** A request reaches the server. */
  #arrives(client: number, nowUs: Us): void {
    const repliedUs = this.#exchange.arrive(client, nowUs);
    const { reply } = this.#exchange;
    const at = client * rowLength;
    const sent = this.#rows[at + column.ticket] as number;
    if ((this.#rows[at + column.sharers] as number) > 1) {
      this.#replies[client] = { ...copyOf(reply), sent };
      this.#push(repliedUs, hear * this.#people.count + client);
      return;
    }
    const outcome = this.#outcome;
    outcome.sent = sent;
    outcome.cause = reply.cause;
    outcome.retryAfterMs = reply.retryAfterMs;
    outcome.nextMs = reply.nextMs;
    outcome.limits = reply.limits;
    const askUs = this.#learns(client, outcome, repliedUs);
    const arrivesUs = askUs === Infinity ? Infinity : this.#sendsFrom(client, askUs);
    if (askUs === Infinity) this.#leaves(repliedUs);
    this.#push(arrivesUs, client);
  }

  /** A client wants to send, and waits for its turn where it shares a throttle. */
  #asks(client: number, nowUs: Us): void {
    const { process, queues, throttles } = this.#people;
    const number = process[client] as number;
    const queue = queues[number];
    if (queue === undefined || throttles[client] === undefined) {
      this.#push(this.#sendsFrom(client, nowUs), client);
      return;
    }
    this.#rows[client * rowLength + column.queuedUs] = nowUs;
    // What was refused goes first: it has waited longest.
    if ((this.#rows[client * rowLength + column.attempt] as number) > 0)
      queue.waiting.unshift(client);
    else queue.waiting.push(client);
    this.#serves(number, nowUs);
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
    const queue = this.#people.queues[process] as ProcessQueue;
    if (queue.wakeUs !== nowUs) return; // it was looked at since, and will be earlier
    queue.wakeUs = Infinity;
    this.#serves(process, nowUs);
  }

  /** Sends for those at the head of the queue whose time has come. */
  #serves(process: number, nowUs: Us): void {
    const { count, queues, throttles } = this.#people;
    const queue = queues[process] as ProcessQueue;
    while (queue.waiting.length > 0) {
      const client = queue.waiting[0] as number;
      const throttle = throttles[client] as Throttle;
      const readyUs = microseconds(throttle.readyAtMs(nowUs / 1_000, oneRequest));
      if (readyUs > nowUs) {
        if (readyUs >= queue.wakeUs) return;
        queue.wakeUs = readyUs;
        this.#push(readyUs, wake * count + process);
        return;
      }
      queue.waiting.shift();
      const at = client * rowLength;
      const stopUs = this.#rows[at + column.stopUs] as number;
      if (nowUs >= stopUs) {
        this.#leaves(stopUs);
        continue;
      }
      this.#rows[at + column.ticket] = throttle.sent(nowUs / 1_000, oneRequest);
      const sleptUs = nowUs - (this.#rows[at + column.queuedUs] as number);
      this.#push(this.#exchange.send(client, nowUs, sleptUs), client);
    }
  }

  /** Tells the sender what came of its request. Returns when it asks again; Infinity where it leaves. */
  #learns(client: number, outcome: Outcome, nowUs: Us): Us {
    const { throttles, sleepers } = this.#people;
    const throttle = throttles[client];
    let waitMs = 0;
    if (throttle !== undefined) throttle.learn(outcome, nowUs / 1_000);
    else waitMs = (sleepers[client] as Sleeper).afterMs(outcome, nowUs / 1_000);
    const { tally } = this.#exchange;
    const at = client * rowLength;
    if (outcome.cause === 'ok') {
      tally.waits.add(nowUs - (this.#rows[at + column.wantedUs] as number));
      return this.#isSpent(outcome) ? Infinity : this.#wantsNext(client, nowUs);
    }
    if (waitMs === Infinity) {
      tally.lost += 1;
      return this.#wantsNext(client, nowUs);
    }
    this.#rows[at + column.attempt] = (this.#rows[at + column.attempt] as number) + 1;
    const waitUs = Math.max(0, microseconds(waitMs));
    this.#exchange.slept(client, waitUs);
    return nowUs + waitUs;
  }

  #isSpent({ limits }: Outcome): boolean {
    if (this.#stopAtRemaining < 0) return false;
    const remaining = limits[0]?.remaining;
    return remaining !== undefined && remaining <= this.#stopAtRemaining;
  }

  /** When the client asks for its next request; Infinity where its process has no more to send. */
  #wantsNext(client: number, nowUs: Us): Us {
    if (!this.#takesRequest(client)) return Infinity;
    const at = client * rowLength;
    const wantedUs = nowUs + (this.#rows[at + column.gapUs] as number);
    this.#rows[at + column.wantedUs] = wantedUs;
    this.#rows[at + column.attempt] = 0;
    return wantedUs;
  }

  #takesRequest(client: number): boolean {
    const first = this.#rows[client * rowLength + column.first] as number;
    const place = first * rowLength + column.requestsLeft;
    const left = (this.#rows[place] as number) - 1;
    this.#rows[place] = left;
    return left >= 0;
  }

  /**
   * A client that waits for nobody else asks, waits and sends. Returns when that reaches the server;
   * Infinity where it leaves before.
   */
  #sendsFrom(client: number, nowUs: Us): Us {
    const rows = this.#rows;
    const at = client * rowLength;
    const throttle = this.#people.throttles[client];
    const nowMs = nowUs / 1_000;
    let sendUs: Us;
    if (throttle === undefined) {
      const sleeper = this.#people.sleepers[client] as Sleeper;
      sendUs = nowUs + microseconds(sleeper.beforeMs(nowMs, rows[at + column.attempt] as number));
    } else {
      sendUs = Math.max(nowUs, microseconds(throttle.readyAtMs(nowMs, oneRequest)));
    }
    const stopUs = rows[at + column.stopUs] as number;
    if (sendUs >= stopUs) {
      this.#exchange.slept(client, Math.min(sendUs, this.#endUs) - nowUs);
      this.#leaves(stopUs);
      return Infinity;
    }
    if (throttle !== undefined) {
      rows[at + column.ticket] = throttle.sent(sendUs / 1_000, oneRequest);
    }
    return this.#exchange.send(client, sendUs, sendUs - nowUs);
  }

  #leaves(nowUs: Us): void {
    this.#left += 1;
    this.#lastLeftUs = Math.max(this.#lastLeftUs, nowUs);
  }

  #push(atUs: Us, code: number): void {
    if (atUs <= this.#endUs) this.#queue.push(atUs, code);
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
  const { rows, networkSeed } = people;
  const { named, name } = strategy;
  const exchange = new Exchange(scenario, { rows, networkSeed, named, observer });
  const { endedUs, cleared } = new ClosedLoop(scenario, people, exchange).run();
  const { tally } = exchange;
  return {
    scenario,
    strategy: name,
    seed,
    endedMs: endedUs / 1_000,
    cleared,
    clients: countsOf(rows),
    lost: tally.lost,
    waits: tally.waits,
    timeline: tally.timeline,
    tokensOffered: tokensOffered(scenario, endedUs / 1_000),
  };
}
