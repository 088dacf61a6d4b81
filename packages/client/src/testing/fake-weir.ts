import { type Cost, type Decision, decide, type NamedQuota } from '@weir/core/admission';
import { compileQuota, type RateState } from '@weir/core/gcra';
import { Slots } from '@weir/core/quota-slots';
import { slotBounds } from '@weir/core/slots';
import { problemOf } from '@weir/core/wire/problem';
import { encodeRateLimit, retryAfterSeconds } from '@weir/core/wire/rate-headers';
import type { Refusal, RefusalCode } from '@weir/core/wire/refusal';
import { refusals } from '@weir/core/wire/refusal';
import { fields, paths } from '@weir/core/wire/routes';
import type { Ms, World } from '@weir/core/world/world';

/** A quota as people write it. */
export interface FakeQuota {
  /** @default 'requests' */
  readonly name?: string;
  /** @default 'requests' */
  readonly unit?: 'requests' | 'events' | 'bytes';
  readonly tokens: number;
  readonly periodMs: Ms;
  readonly burst: number;
}

/** What goes wrong with one request; each is used up by the request it happens to. */
export type Fault =
  /** No answer: before the request was taken, or after, when only the answer is lost. */
  | { readonly drop: 'before' | 'after' }
  | { readonly refuse: RefusalCode; readonly retryAfterMs?: Ms }
  /** A status that no weir sends, as a proxy would. */
  | { readonly status: number }
  /** Answered as usual, so much later. */
  | { readonly delayMs: Ms };

/** How a fake is to behave. */
export interface FakeOptions {
  /** Held by the very law that weir uses. @default none */
  readonly quotas?: readonly FakeQuota[];
  /** Another key is refused. @default any key will do */
  readonly key?: string;
  /** `all` of them, `retry-after` alone, or nothing but the status. @default 'all' */
  readonly headers?: 'all' | 'retry-after' | 'status';
  /** Bytes of a body, decoded. @default 33_554_432 */
  readonly maxBodyBytes?: number;
  /** Bytes of one event. @default 262_144 */
  readonly maxEventBytes?: number;
}

/** A request as the fake sees it. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Decoded. */
  readonly body: string;
}

/** What it answers. */
export interface FakeReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An event that was taken. */
export interface TakenEvent {
  readonly id?: string;
  readonly type: string;
  readonly time?: string;
  readonly data?: unknown;
  readonly [attribute: string]: unknown;
}

interface Answered {
  readonly body: string;
  readonly receipt: string;
  readonly text: string;
}

/**
 * A weir without sockets, disk or store: the real law of quotas, one answer for each Idempotency-Key,
 * a result for each event, and faults by script. What it took is in `events`.
 *
 * @example
 * await using server = await startFakeWeir();
 * await using client = new IngestClient({ baseUrl: server.url, apiKey: server.key });
 * await client.send('order.paid', { cents: 1900 });
 * assert.deepEqual(server.weir.events[0]?.data, { cents: 1900 });
 */
export class FakeWeir {
  /** Every event that was taken, once, in order. */
  readonly events: TakenEvent[] = [];
  /** Answered so far, by status. */
  readonly statuses: Map<number, number> = new Map();
  readonly #options: FakeOptions;
  readonly #world: World;
  readonly #slots = new Slots(slotBounds);
  readonly #answered = new Map<string, Answered>();
  readonly #faults: Fault[] = [];
  #quotas: readonly (NamedQuota & { readonly stateKey: string })[];
  #states: (RateState | undefined)[];
  #receipts = 0;

  constructor(options: FakeOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#quotas = compile(options.quotas ?? []);
    this.#states = this.#quotas.map(() => undefined);
  }

  /**
   * These happen to the next requests, one each.
   *
   * @example
   * server.weir.fail({ refuse: 'over_capacity', retryAfterMs: 50 }, { drop: 'after' });
   * await client.send('order.paid', { cents: 1900 });
   * assert.equal(server.weir.events.length, 1);
   */
  fail(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  /**
   * Changes the quotas from now on; what was spent under the old ones is forgotten.
   *
   * @example
   * server.weir.setQuotas([{ tokens: 100, periodMs: 1_000, burst: 5 }]);
   * await client.send('order.paid', { cents: 1900 });
   * assert.equal(client.throttle?.perSecond, 100);
   */
  setQuotas(quotas: readonly FakeQuota[]): void {
    this.#quotas = compile(quotas);
    this.#states = this.#quotas.map(() => undefined);
  }

  /**
   * The fault that the next request meets, which is used up; undefined where it meets none.
   *
   * @example
   * server.weir.fail({ status: 502 });
   * assert.deepEqual(server.weir.takeFault(), { status: 502 });
   */
  takeFault(): Fault | undefined {
    return this.#faults.shift();
  }

  /**
   * What a server would answer; `refused` answers instead of looking at the request.
   *
   * @example
   * const body = '{"type":"order.paid"}';
   * const reply = server.weir.answer({ method: 'POST', path: '/v1/events', headers: {}, body });
   * assert.equal(reply.status, 202);
   */
  answer(request: FakeRequest, refused?: Refusal): FakeReply {
    const reply = this.#answer(request, refused);
    this.statuses.set(reply.status, (this.statuses.get(reply.status) ?? 0) + 1);
    return reply;
  }

  #answer(request: FakeRequest, refused: Refusal | undefined): FakeReply {
    if (refused !== undefined) return this.#refuse(refused);
    const { key } = this.#options;
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) {
      return this.#refuse({ refused: 'unauthorized', detail: 'no such key' });
    }
    const { method, path } = request;
    if (method === 'POST' && path === paths.events) return this.#take(request);
    if (method === 'GET' && path.startsWith(paths.receipts)) return this.#receipt(path);
    return this.#refuse({ refused: 'not_found', detail: `nothing at ${path}` });
  }

  #take({ headers, body }: FakeRequest): FakeReply {
    const { maxBodyBytes = 33_554_432 } = this.#options;
    if (Buffer.byteLength(body) > maxBodyBytes) {
      return this.#refuse({ refused: 'too_large', detail: `more than ${maxBodyBytes} bytes` });
    }
    const key = headers[fields.idempotencyKey];
    const earlier = key === undefined ? undefined : this.#answered.get(key);
    if (earlier !== undefined) {
      if (earlier.body === body) return json(202, earlier.text);
      return this.#refuse({
        refused: 'idempotency_mismatch',
        detail: 'another body under this key',
      });
    }
    const { accepted, rejected } = this.#parse(body);
    if (accepted.length === 0) {
      const members = { rejected, rejectedCount: rejected.length };
      return this.#refuse({ refused: 'invalid_events', detail: 'no event is valid', members });
    }
    const cost = { requests: 1, events: accepted.length, bytes: Buffer.byteLength(body) };
    const rate = this.#charge(cost, headers[fields.weirClient]);
    if (rate.refusal !== undefined) return this.#refuse(rate.refusal, rate.headers);
    this.#receipts += 1;
    const receipt = `fakefakefakefake-1-${this.#receipts}`;
    const text = JSON.stringify({ receipt, accepted: accepted.length, rejected });
    if (key !== undefined) this.#answered.set(key, { body, receipt, text });
    this.events.push(...accepted);
    return json(202, text, rate.headers);
  }

  /** The real law: all quotas are charged, or none. */
  #charge(
    cost: Cost,
    sender: string | undefined,
  ): { readonly refusal?: Refusal; readonly headers: Record<string, string> } {
    if (this.#quotas.length === 0) return { headers: {} };
    const nowUs = Math.floor(this.#world.now() * 1_000);
    const decision = decide(this.#quotas, this.#states, cost, nowUs);
    for (const [i, verdict] of decision.verdicts.entries()) {
      if (verdict.changed) this.#states[i] = verdict.next;
    }
    const headers = this.#rateHeaders(decision, { cost, sender, nowUs });
    const { allowed, oversize, retryAfterUs } = decision;
    if (allowed) return { headers };
    if (oversize !== undefined) {
      const detail = `this request costs ${oversize.cost}, the quota holds at most ${oversize.burst}`;
      return { headers, refusal: { refused: 'cost_exceeds_burst', detail } };
    }
    const retryAfterMs = retryAfterUs / 1_000;
    return { headers, refusal: { refused: 'rate_limited', detail: 'quota spent', retryAfterMs } };
  }

  #rateHeaders(
    decision: Decision,
    { cost, sender, nowUs }: { cost: Cost; sender: string | undefined; nowUs: number },
  ): Record<string, string> {
    const headers: Record<string, string> = {};
    if ((this.#options.headers ?? 'all') !== 'all') return headers;
    const rate = encodeRateLimit(this.#quotas, decision);
    if (rate !== undefined) {
      headers[fields.rateLimitPolicy] = rate.policy;
      headers[fields.rateLimit] = rate.limit;
    }
    if (sender === undefined) return headers;
    const nextUs = this.#slots.tell(sender, { quotas: this.#quotas, decision, cost }, nowUs);
    if (nextUs !== undefined && Number.isFinite(nextUs)) {
      headers[fields.weirNextMs] = `${Math.ceil(nextUs / 1_000)}`;
    }
    return headers;
  }

  #parse(body: string): { accepted: TakenEvent[]; rejected: object[] } {
    const { maxEventBytes = 262_144 } = this.#options;
    const accepted: TakenEvent[] = [];
    const rejected: object[] = [];
    const lines = body.split('\n').filter((line) => line.trim() !== '');
    for (const [index, line] of lines.entries()) {
      const reject = (code: string, detail: string): void => {
        rejected.push({ index, code, detail: `events[${index}]: ${detail}` });
      };
      if (Buffer.byteLength(line) > maxEventBytes) {
        reject('event_too_large', `expected at most ${maxEventBytes} bytes`);
        continue;
      }
      const event = parseJson(line);
      if (event === undefined) reject('malformed', 'not JSON');
      else if (typeof event.type !== 'string') reject('invalid_attribute', 'type is missing');
      else accepted.push(event as TakenEvent);
    }
    return { accepted, rejected };
  }

  /** All is stored at once, in one object of its own for each batch. */
  #receipt(path: string): FakeReply {
    const receipt = path.slice(paths.receipts.length).split('?')[0];
    const found = [...this.#answered.values()].find((one) => one.receipt === receipt);
    if (found === undefined)
      return this.#refuse({ refused: 'not_found', detail: 'no such receipt' });
    const rejected = JSON.parse(found.text) as { rejected: { index: number }[] };
    const bad = new Set(rejected.rejected.map(({ index }) => index));
    const object = `tenant=fake/${receipt}.ndjson`;
    const events = found.body
      .split('\n')
      .map((_, index) => index)
      .filter((index) => !bad.has(index))
      .map((index, place) => ({ index, object, line: place + 1 }));
    return json(200, JSON.stringify({ receipt, state: 'stored', events }));
  }

  #refuse(refusal: Refusal, more: Record<string, string> = {}): FakeReply {
    const { refused, retryAfterMs } = refusal;
    const headers: Record<string, string> = { ...more };
    const told = this.#options.headers ?? 'all';
    if (retryAfterMs !== undefined && told !== 'status') {
      headers[fields.retryAfter] = `${retryAfterSeconds(retryAfterMs, this.#world.random())}`;
      if (told === 'all') headers[fields.retryAfterMs] = `${Math.ceil(retryAfterMs)}`;
    }
    const problem = JSON.stringify(problemOf(refusal));
    const type = { 'content-type': 'application/problem+json' };
    return { status: refusals[refused].status, headers: { ...type, ...headers }, body: problem };
  }
}

function compile(quotas: readonly FakeQuota[]): (NamedQuota & { readonly stateKey: string })[] {
  return quotas.map(({ name, unit = 'requests', tokens, periodMs, burst }) => ({
    name: name ?? unit,
    unit,
    stateKey: name ?? unit,
    quota: compileQuota({ tokens, periodUs: periodMs * 1_000, burst }),
  }));
}

function json(status: number, body: string, headers: Record<string, string> = {}): FakeReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

function parseJson(line: string): Record<string, unknown> | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === 'object' && event !== null
      ? (event as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
