import { backoffMs } from '@weir/core/retry';
import { ln } from '@weir/core/world/transcendental';
import { VirtualWorld } from '@weir/core/world/virtual';
import type { Ms, Us } from '@weir/core/world/world';
import type { IngestionScenario } from '../scenario.ts';
import { Delivery } from './delivery.ts';
import { EventQueue } from './event-queue.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { Network } from './network.ts';
import { type Lane, newSender, type QueuedSender } from './queued-sender.ts';
import { copyOf, oneRequest, type Reply } from './quota-server.ts';
import type { Strategy } from './strategy.ts';

/** What came of a run of a whole server. */
export interface IngestionResult {
  readonly scenario: IngestionScenario;
  readonly strategy: string;
  readonly seed: number;
  /** That came to be; of these so many were lost, since a sender's backlog was full or it gave up. */
  readonly events: number;
  readonly lost: number;
  readonly requests: number;
  readonly accepted: number;
  /** 429, and 503 for want of room. */
  readonly refused: number;
  readonly overloaded: number;
  readonly durable: number;
  /** Stored once more, since their first reply was lost and nothing told the server that it knew them. */
  readonly duplicates: number;
  readonly puts: number;
  readonly dollarsPerMillionEvents: number;
  readonly p50AcceptToDurableMs: Ms;
  readonly p99AcceptToDurableMs: Ms;
  /** From coming to be until it was taken. */
  readonly p99WaitMs: Ms;
  readonly mostQueued: number;
  readonly mostBacklog: number;
}

const overloadRetries = { baseMs: 200, maxMs: 10_000 };
const faultRetries = { baseMs: 100, maxMs: 10_000 };
const overloadedMs: Ms = 1_000;

const nothing = { retryAfterMs: undefined, nextMs: undefined, limits: [], remaining: 0 } as const;

/** Runs senders with arrivals of their own against a whole server: quotas, queue, batches, store. */
export class Ingestion {
  readonly #scenario: IngestionScenario;
  readonly #strategy: Strategy;
  readonly #seed: number;
  readonly #queue: EventQueue;
  readonly #senders: QueuedSender[] = [];
  readonly #delivery: Delivery;
  readonly #network: Network;
  readonly #waits = new LatencyHistogram();
  readonly #endUs: Us;
  /** Requests of one sender under way at once. */
  readonly #inFlight: number;
  readonly #counts = {
    ...{ events: 0, lost: 0, requests: 0, accepted: 0 },
    ...{ refused: 0, overloaded: 0, duplicates: 0 },
  };
  #mostBacklog = 0;

  constructor(scenario: IngestionScenario, strategy: Strategy, seed: number) {
    const world = new VirtualWorld({ seed });
    const { keys, workers, network, durationMs, arrivals } = scenario;
    const { maxConcurrency: inFlight } = scenario.client;
    this.#inFlight = inFlight;
    this.#scenario = scenario;
    this.#strategy = strategy;
    this.#seed = seed;
    this.#endUs = Math.round(durationMs * 1_000);
    // A key's next event and its waking, its lanes twice (there, back), workers, and the open batch.
    const spacingUs = 1_000_000 / (keys * arrivals.perSecond);
    this.#queue = new EventQueue(keys * (2 + 2 * inFlight) + workers + 1, spacingUs);
    const base = keys * (2 + 2 * inFlight);
    this.#delivery = new Delivery(scenario, world.stream('store').uniform, (atUs, worker) =>
      this.#push(atUs, base + (worker ?? workers)),
    );
    const networkSeed = Math.floor(world.stream('network').uniform() * 4_294_967_296);
    this.#network = new Network(networkSeed, network.roundTripMs);
    for (let key = 0; key < keys; key += 1) {
      this.#senders.push(newSender(scenario, strategy, key, world));
    }
  }

  run(): IngestionResult {
    for (const sender of this.#senders) this.#push(this.#untilNextUs(sender, 0), sender.key);
    for (;;) {
      const code = this.#queue.take(this.#endUs);
      if (code < 0) break;
      this.#handle(code, this.#queue.nowUs);
    }
    return this.#result();
  }

  #handle(code: number, nowUs: Us): void {
    const { keys, workers } = this.#scenario;
    const lanes = keys * this.#inFlight;
    if (code < keys) this.#comes(this.#senders[code] as QueuedSender, nowUs);
    else if (code < 2 * keys) this.#wakes(this.#senders[code - keys] as QueuedSender, nowUs);
    else if (code < 2 * keys + lanes) this.#arrives(this.#laneOf(code - 2 * keys), nowUs);
    else if (code < 2 * keys + 2 * lanes) this.#hears(code - 2 * keys - lanes, nowUs);
    else if (code < 2 * keys + 2 * lanes + workers) {
      this.#delivery.worked(code - 2 * keys - 2 * lanes, nowUs);
    } else this.#delivery.age(nowUs);
  }

  #comes(sender: QueuedSender, nowUs: Us): void {
    this.#counts.events += 1;
    if (!sender.backlog.add(nowUs)) this.#counts.lost += 1;
    this.#mostBacklog = Math.max(this.#mostBacklog, sender.backlog.size);
    this.#push(this.#untilNextUs(sender, nowUs), sender.key);
    this.#sends(sender, nowUs);
  }

  #wakes(sender: QueuedSender, nowUs: Us): void {
    if (sender.wakeUs !== nowUs) return;
    sender.wakeUs = Infinity;
    this.#sends(sender, nowUs);
  }

  /** Sends whatever may go now: what was refused first, then what is new. */
  #sends(sender: QueuedSender, nowUs: Us): void {
    const { throttle, again, idle, backlog } = sender;
    while (again.length > 0 || (idle.length > 0 && backlog.size > 0)) {
      const paceUs =
        throttle === undefined
          ? nowUs
          : Math.ceil(throttle.readyAtMs(nowUs / 1_000, oneRequest) * 1_000);
      const readyUs = Math.max(sender.holdUntilUs, paceUs, this.#filledUs(sender));
      if (readyUs > nowUs) {
        this.#wakeAt(sender, readyUs);
        return;
      }
      const number = again.shift() ?? this.#takesNext(sender);
      const lane = sender.lanes[number] as Lane;
      const waitUs = Math.ceil((lane.sleeper?.beforeMs(nowUs / 1_000, lane.attempt) ?? 0) * 1_000);
      if (throttle !== undefined) lane.ticket = throttle.sent(nowUs / 1_000, oneRequest);
      sender.sent += 1;
      const there = Math.floor(this.#network.roundTripUs(sender.key, sender.sent) / 2);
      this.#push(nowUs + waitUs + there, this.#codeOf(sender, number, 0));
    }
  }

  /** When the next request is worth sending: it is full, or its oldest event has waited long enough. */
  #filledUs({ again, backlog }: QueuedSender): Us {
    const { maxBatchEvents, lingerMs } = this.#scenario.client;
    const isFull = again.length > 0 || backlog.size >= maxBatchEvents;
    return isFull || lingerMs === 0 ? 0 : backlog.oldestUs + Math.ceil(lingerMs * 1_000);
  }

  #takesNext(sender: QueuedSender): number {
    const number = sender.idle.pop() as number;
    const lane = sender.lanes[number] as Lane;
    const events = Math.min(this.#scenario.client.maxBatchEvents, sender.backlog.size);
    lane.wantedUs = Array.from({ length: events }, () => sender.backlog.take());
    lane.attempt = 0;
    lane.takenUs = undefined;
    return number;
  }

  #arrives({ lane, number }: { lane: Lane; number: number }, nowUs: Us): void {
    const { sender } = lane;
    this.#counts.requests += 1;
    lane.reply = this.#decides(lane, nowUs);
    const { network } = this.#scenario;
    let backUs = Math.ceil(this.#network.roundTripUs(sender.key, -this.#counts.requests) / 2);
    if (this.#isLost(nowUs)) {
      lane.reply = { ...nothing, cause: 'fault' };
      backUs = Math.ceil(network.attemptTimeoutMs * 1_000);
    }
    this.#push(nowUs + backUs, this.#codeOf(sender, number, 1));
  }

  /** Room first, then what is known already, then the quota: the first two cost no tokens. */
  #decides(lane: Lane, nowUs: Us): Reply {
    const { sender, takenUs } = lane;
    if (!this.#delivery.hasRoom) {
      this.#counts.overloaded += 1;
      return { ...nothing, cause: 'overloaded', retryAfterMs: overloadedMs };
    }
    const { idempotencyMs } = this.#scenario.server;
    const isKnown = takenUs !== undefined && nowUs - takenUs <= idempotencyMs * 1_000;
    if (isKnown && this.#strategy.isKeyed) return { ...nothing, cause: 'ok' };
    sender.server.arrive(nowUs, this.#strategy.named ? 0 : -1, 0);
    const reply = copyOf(sender.server.reply);
    if (reply.cause !== 'ok') {
      this.#counts.refused += 1;
      return reply;
    }
    this.#counts.accepted += 1;
    this.#delivery.accept(nowUs, lane.wantedUs.length);
    if (takenUs !== undefined) this.#counts.duplicates += lane.wantedUs.length;
    else for (const wantedUs of lane.wantedUs) this.#waits.add(nowUs - wantedUs);
    lane.takenUs = nowUs;
    return reply;
  }

  #isLost(nowUs: Us): boolean {
    const { lostReplies } = this.#scenario.network;
    if (lostReplies === undefined) return false;
    const { fromMs, toMs, share } = lostReplies;
    if (nowUs < fromMs * 1_000 || nowUs >= toMs * 1_000) return false;
    return this.#network.lot(-1, this.#counts.requests) < share;
  }

  #hears(place: number, nowUs: Us): void {
    const { lane, number } = this.#laneOf(place);
    const { sender, sleeper, ticket: sent } = lane;
    const reply = lane.reply as Reply;
    sender.throttle?.learn({ ...reply, sent }, nowUs / 1_000);
    const waitMs = sleeper?.afterMs({ ...reply, sent }, nowUs / 1_000) ?? 0;
    if (reply.cause === 'ok' || waitMs === Infinity) {
      if (reply.cause !== 'ok') this.#counts.lost += lane.wantedUs.length;
      sender.overloads = 0;
      sender.idle.push(number);
    } else {
      lane.attempt += 1;
      sender.again.push(number);
      if (reply.cause === 'overloaded') this.#holds(sender, nowUs);
      else if (reply.cause === 'fault') this.#backsOff(lane, nowUs);
      else sender.holdUntilUs = Math.max(sender.holdUntilUs, nowUs + Math.ceil(waitMs * 1_000));
    }
    this.#sends(sender, nowUs);
  }

  /** A 503 has its own clock, as in the SDK: what the server asks for, and a spread on top. */
  #holds(sender: QueuedSender, nowUs: Us): void {
    sender.overloads = Math.min(30, sender.overloads + 1);
    const waitMs = backoffMs(overloadRetries, sender.overloads, overloadedMs, sender.random());
    sender.holdUntilUs = Math.max(sender.holdUntilUs, nowUs + Math.ceil(waitMs * 1_000));
  }

  /** As the SDK, where no answer came; a rival's own wait is longer or does as well. */
  #backsOff({ sender, attempt }: Lane, nowUs: Us): void {
    const waitMs = backoffMs(faultRetries, attempt, 0, sender.random());
    sender.holdUntilUs = Math.max(sender.holdUntilUs, nowUs + Math.ceil(waitMs * 1_000));
  }

  #wakeAt(sender: QueuedSender, atUs: Us): void {
    if (atUs >= sender.wakeUs) return;
    sender.wakeUs = atUs;
    this.#push(atUs, this.#scenario.keys + sender.key);
  }

  /** Exponential gaps: a Poisson stream, denser during the surge. */
  #untilNextUs(sender: QueuedSender, nowUs: Us): Us {
    const { perSecond, surge } = this.#scenario.arrivals;
    const isSurge =
      surge !== undefined && nowUs >= surge.fromMs * 1_000 && nowUs < surge.toMs * 1_000;
    const rate = perSecond * (isSurge ? surge.factor : 1);
    return nowUs + Math.ceil((-ln(1 - sender.random()) / rate) * 1_000_000);
  }

  #laneOf(place: number): { lane: Lane; number: number } {
    const key = Math.floor(place / this.#inFlight);
    const number = place - key * this.#inFlight;
    return { lane: (this.#senders[key] as QueuedSender).lanes[number] as Lane, number };
  }

  /** @param way 0 to the server, 1 back */
  #codeOf({ key }: QueuedSender, number: number, way: number): number {
    const { keys } = this.#scenario;
    return 2 * keys + (way * keys + key) * this.#inFlight + number;
  }

  #push(atUs: Us, code: number): void {
    if (atUs <= this.#endUs) this.#queue.push(atUs, code);
  }

  #result(): IngestionResult {
    const { put } = this.#scenario;
    const { puts, durable, mostQueued } = this.#delivery;
    const dollars = (puts.count / 1_000) * put.dollarsPerThousand;
    return {
      scenario: this.#scenario,
      strategy: this.#strategy.name,
      seed: this.#seed,
      ...this.#counts,
      durable: durable.count,
      puts: puts.count,
      dollarsPerMillionEvents: (dollars / Math.max(1, durable.count)) * 1_000_000,
      p50AcceptToDurableMs: durable.quantileUs(0.5) / 1_000,
      p99AcceptToDurableMs: durable.quantileUs(0.99) / 1_000,
      p99WaitMs: this.#waits.quantileUs(0.99) / 1_000,
      mostQueued,
      mostBacklog: this.#mostBacklog,
    };
  }
}
