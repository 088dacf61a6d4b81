import { slotBounds } from '@weir/core/slots';
import type { Ms, Us } from '@weir/core/world/world';
import type { Observer, RequestEvent } from '../run.ts';
import type { QuotaScenario } from '../scenario.ts';
import { Network } from './network.ts';
import { QuotaServer, type Reply } from './quota-server.ts';
import { Tally } from './tally.ts';

export interface ExchangeOptions {
  readonly clients: number;
  readonly networkSeed: number;
  /** Whether clients name themselves to the server. */
  readonly named: boolean;
  readonly observer: Observer | undefined;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** All that lies between clients and the server: requests go out, are decided on and counted. */
export class Exchange {
  readonly tally: Tally;
  readonly #server: QuotaServer;
  readonly #network: Network;
  readonly #named: boolean;
  readonly #observer: Observer | undefined;
  readonly #event: Writable<RequestEvent> | undefined;
  readonly #sent: Float64Array; // attempts so far, by client
  readonly #sentUs: Float64Array;
  readonly #sleptUs: Float64Array;

  constructor({ server, network, durationMs }: QuotaScenario, options: ExchangeOptions) {
    const { clients, networkSeed, named, observer } = options;
    this.tally = new Tally(clients, durationMs);
    this.#server = new QuotaServer({
      ...server,
      terms: server.quota,
      slotBounds: { ...slotBounds, longestAheadUs: Math.round(server.slotsAheadMs * 1_000) },
    });
    this.#network = new Network(networkSeed, network.roundTripMs);
    this.#named = named;
    this.#observer = observer;
    this.#event = observer === undefined ? undefined : emptyEvent();
    this.#sent = new Float64Array(clients);
    this.#sentUs = new Float64Array(clients);
    this.#sleptUs = new Float64Array(clients);
  }

  /** To the request that arrived last; overwritten by the next. */
  get reply(): Reply {
    return this.#server.reply;
  }

  /** A client sends, after having waited for so long. Returns when that reaches the server. */
  send(client: number, nowUs: Us, sleptUs: Us): Us {
    const request = (this.#sent[client] as number) + 1;
    this.#sent[client] = request;
    this.#sentUs[client] = nowUs;
    this.#sleptUs[client] = sleptUs;
    if (sleptUs > 0) this.tally.slept(client, sleptUs);
    return nowUs + Math.floor(this.#network.roundTripUs(client, request) / 2);
  }

  /** The request under way reaches the server. Returns when its reply reaches the client. */
  arrive(client: number, nowUs: Us): Us {
    const request = this.#sent[client] as number;
    const roundTripUs = this.#network.roundTripUs(client, request);
    // No client is numbered below 0, so this lot is none that a round trip was drawn with.
    const lot = this.#network.lot(-2 - client, request);
    this.#server.arrive(nowUs, this.#named ? client : -1, lot);
    this.tally.decided(client, nowUs, this.#server.reply.cause === 'ok');
    const repliedUs = nowUs + roundTripUs - Math.floor(roundTripUs / 2);
    if (this.#event !== undefined) this.#show(this.#event, client, nowUs, repliedUs);
    return repliedUs;
  }

  change(quota: QuotaScenario['server']['quota'], nowUs: Us): void {
    this.#server.change(quota, nowUs);
  }

  #show(event: Writable<RequestEvent>, client: number, arrivedUs: Us, repliedUs: Us): void {
    const { cause, remaining, nextMs } = this.#server.reply;
    event.client = client;
    event.request = this.#sent[client] as number;
    event.sleptUs = this.#sleptUs[client] as number;
    event.sentUs = this.#sentUs[client] as number;
    event.arrivedUs = arrivedUs;
    event.repliedUs = repliedUs;
    event.admitted = cause === 'ok';
    event.remaining = remaining;
    event.nextMs = nextMs;
    this.#observer?.(event);
  }
}

function emptyEvent(): Writable<RequestEvent> {
  const instants = { sleptUs: 0, sentUs: 0, arrivedUs: 0, repliedUs: 0 };
  return { client: 0, request: 0, ...instants, admitted: false, remaining: 0, nextMs: undefined };
}

/** Left at the start, and earned until the end. What a full burst cannot hold is counted, too. */
export function tokensOffered({ server }: QuotaScenario, endedMs: Ms): number {
  let offered = server.initialTokens;
  let sinceMs = 0;
  let quota = server.quota;
  for (const change of [...server.changes, { atMs: Infinity, quota }]) {
    const untilMs = Math.min(endedMs, change.atMs);
    if (untilMs > sinceMs) offered += ((untilMs - sinceMs) / quota.periodMs) * quota.tokens;
    sinceMs = Math.max(sinceMs, untilMs);
    quota = change.quota;
  }
  return offered;
}
