import { slotBounds } from '@weir/core/slots';
import type { Ms, Us } from '@weir/core/world/world';
import type { Observer, RequestEvent } from '../run.ts';
import type { QuotaScenario } from '../scenario.ts';
import { column, rowLength } from './client-rows.ts';
import { Network } from './network.ts';
import { QuotaServer, type Reply } from './quota-server.ts';
import { Tally } from './tally.ts';

export interface ExchangeOptions {
  /** Of the clients; see `column`. */
  readonly rows: Float64Array;
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
  readonly #rows: Float64Array;
  readonly #named: boolean;
  readonly #hasLots: boolean;
  readonly #observer: Observer | undefined;
  readonly #event: Writable<RequestEvent> | undefined;

  constructor({ server, network, durationMs }: QuotaScenario, options: ExchangeOptions) {
    const { rows, networkSeed, named, observer } = options;
    this.tally = new Tally(durationMs);
    this.#server = new QuotaServer({
      ...server,
      terms: server.quota,
      slotBounds: { ...slotBounds, longestAheadUs: Math.round(server.slotsAheadMs * 1_000) },
    });
    this.#network = new Network(networkSeed, network.roundTripMs);
    this.#rows = rows;
    this.#named = named;
    this.#hasLots = server.tells === 'retry-after';
    this.#observer = observer;
    this.#event = observer === undefined ? undefined : emptyEvent();
  }

  /** To the request that arrived last; overwritten by the next. */
  get reply(): Reply {
    return this.#server.reply;
  }

  /** A client sends, after having waited for so long. Returns when that reaches the server. */
  send(client: number, nowUs: Us, sleptUs: Us): Us {
    const rows = this.#rows;
    const at = client * rowLength;
    const request = (rows[at + column.sent] as number) + 1;
    const roundTripUs = this.#network.roundTripUs(client, request);
    rows[at + column.sent] = request;
    rows[at + column.roundTripUs] = roundTripUs;
    rows[at + column.sentUs] = nowUs;
    rows[at + column.sleptUs] = sleptUs;
    this.slept(client, sleptUs);
    return nowUs + Math.floor(roundTripUs / 2);
  }

  /** A client has waited, or will. */
  slept(client: number, us: Us): void {
    const place = client * rowLength + column.longestSleepUs;
    if (us > (this.#rows[place] as number)) this.#rows[place] = us;
  }

  /** The request under way reaches the server. Returns when its reply reaches the client. */
  arrive(client: number, nowUs: Us): Us {
    const rows = this.#rows;
    const at = client * rowLength;
    // No client is numbered below 0, so this lot is none that a round trip was drawn with.
    const lot = this.#hasLots
      ? this.#network.lot(-2 - client, rows[at + column.sent] as number)
      : 0;
    this.#server.arrive(nowUs, this.#named ? client : -1, lot);
    const isAdmitted = this.#server.reply.cause === 'ok';
    this.tally.decided(nowUs, isAdmitted);
    rows[at + column.decided] = (rows[at + column.decided] as number) + 1;
    if (!isAdmitted) rows[at + column.refused] = (rows[at + column.refused] as number) + 1;
    const roundTripUs = rows[at + column.roundTripUs] as number;
    const repliedUs = nowUs + roundTripUs - Math.floor(roundTripUs / 2);
    if (this.#event !== undefined) this.#show(this.#event, client, nowUs, repliedUs);
    return repliedUs;
  }

  change(quota: QuotaScenario['server']['quota'], nowUs: Us): void {
    this.#server.change(quota, nowUs);
  }

  #show(event: Writable<RequestEvent>, client: number, arrivedUs: Us, repliedUs: Us): void {
    const { cause, remaining, nextMs } = this.#server.reply;
    const at = client * rowLength;
    event.client = client;
    event.request = this.#rows[at + column.sent] as number;
    event.sleptUs = this.#rows[at + column.sleptUs] as number;
    event.sentUs = this.#rows[at + column.sentUs] as number;
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
