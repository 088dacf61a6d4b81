import { type RejectedEvent, rejections } from '@weir/core/wire/event';
import { decodeRateNews, type RateNews } from '@weir/core/wire/rate-headers';
import {
  noAnswer,
  type Reaction,
  type RefusalCode,
  reactions,
  reactionToStatus,
  refusals,
} from '@weir/core/wire/refusal';
import { fields, paths } from '@weir/core/wire/routes';
import type { Ms, World } from '@weir/core/world/world';
import { type Batch, bodyOf } from './batch.ts';
import { type Compress, leastCompressedBytes } from './compress.ts';
import type { WeirErrorCode } from './error-codes.ts';
import type { ResolvedOptions } from './options.ts';
import { NoReply, type Reply, type Transport } from './transport/transport.ts';

/** The server took the batch. */
export interface Taken {
  readonly is: 'taken';
  readonly receipt: string;
  readonly rejected: readonly RejectedEvent[];
}

/** It did not, or did not say. */
export interface Failed {
  readonly is: 'failed';
  readonly reaction: Reaction;
  readonly code: WeirErrorCode;
  readonly detail: string;
  readonly status: number | undefined;
  /** Where the refusal names single events. */
  readonly rejected: readonly RejectedEvent[];
  /** It may have been taken all the same. */
  readonly isAmbiguous: boolean;
}

/** What came of one request, and what the reply told of the pace. */
export type Answer = (Taken | Failed) & {
  readonly news: RateNews;
  readonly nextMs: Ms | undefined;
};

export interface AttemptDeps {
  readonly world: World;
  readonly transport: Transport;
  readonly compress: Compress;
  readonly options: Pick<ResolvedOptions, 'connectTimeoutMs' | 'attemptTimeoutMs'>;
}

/** To whom and as who a request goes. */
export interface Address {
  readonly origin: string;
  readonly key: string;
  /** The name of the throttle. */
  readonly sender: string;
  readonly traceparent: string | undefined;
}

const silence: RateNews = { retryAfterMs: undefined, limits: [] };
const userAgent = 'weir-client/0.1';

/** Makes the bytes that every attempt sends: before its turn comes, since then it must go at once. */
export async function prepare(batch: Batch, compress: Compress): Promise<void> {
  const body = bodyOf(batch);
  if (batch.isPlain || body.length < leastCompressedBytes) return;
  batch.compressed ??= await compress(body);
}

/** One request with a batch that was prepared. Rejects only with the signal's reason. */
export async function attempt(
  batch: Batch,
  address: Address,
  deps: AttemptDeps,
  signal: AbortSignal,
): Promise<Answer> {
  const { world, transport, options } = deps;
  const body = bodyOf(batch);
  const sent = batch.isPlain ? undefined : batch.compressed;
  const headers: Record<string, string> = {
    authorization: `Bearer ${address.key}`,
    'content-type': 'application/x-ndjson',
    'user-agent': userAgent,
    [fields.idempotencyKey]: batch.key,
    [fields.weirClient]: address.sender,
    [fields.weirEvents]: `${batch.items.length}`,
  };
  if (sent !== undefined) headers['content-encoding'] = sent.encoding;
  if (address.traceparent !== undefined) headers[fields.traceparent] = address.traceparent;
  const request = {
    origin: address.origin,
    method: 'POST',
    path: paths.events,
    headers,
    body: sent?.bytes ?? body,
    connectTimeoutMs: options.connectTimeoutMs,
  } as const;
  try {
    const { attemptTimeoutMs: limitMs } = options;
    const late = `no answer within ${limitMs} ms`;
    const reply = await within(world, { limitMs, late, signal }, (limited) =>
      transport.request(request, limited),
    );
    return read(reply, world.date());
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NoReply)) throw error;
    return unanswered(error);
  }
}

export interface Limit {
  readonly limitMs: Ms;
  /** What is said where it was late. */
  readonly late: string;
  readonly signal: AbortSignal;
}

/** Runs `task` with a signal that ends it in time; rejects with `NoReply` where it was late. */
export async function within<T>(
  world: World,
  { limitMs, late, signal }: Limit,
  task: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const cancel = world.after(limitMs, () => limit.abort(new NoReply(late, true)));
  const abort = (): void => limit.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await task(limit.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', abort);
  }
}

function unanswered({ message, isAmbiguous }: NoReply): Answer {
  return {
    is: 'failed',
    reaction: noAnswer,
    code: 'no_answer',
    detail: message,
    status: undefined,
    rejected: [],
    isAmbiguous,
    news: silence,
    nextMs: undefined,
  };
}

function read(reply: Reply, dateMs: Ms): Answer {
  const news = decodeRateNews((name) => reply.header(name), dateMs);
  const nextMs = wholeMs(reply.header(fields.weirNextMs));
  const content = parse(reply.body);
  if (reply.status === 200 || reply.status === 202) {
    const { receipt } = content;
    if (typeof receipt === 'string') {
      return { is: 'taken', receipt, rejected: rejectedOf(content), news, nextMs };
    }
  }
  return { ...refusalOf(reply, content), news, nextMs };
}

function refusalOf({ status }: Reply, content: Record<string, unknown>): Failed {
  const known = knownCode(content.code, status);
  const told = typeof content.detail === 'string' ? content.detail.slice(0, 1_000) : undefined;
  // A 2xx that is none of weir's comes from a proxy and says nothing of our events; a redirect would
  // carry the key away, and is refused.
  const isForeign = status >= 200 && status < 300;
  const unknown = isForeign ? noAnswer : reactionToStatus(status);
  return {
    is: 'failed',
    reaction: known === undefined ? unknown : reactions[known],
    code: known ?? codeOfStatus(status),
    detail: told ?? `the server answered ${status}`,
    status,
    rejected: rejectedOf(content),
    isAmbiguous: isForeign || status >= 500,
  };
}

function knownCode(code: unknown, status: number): RefusalCode | undefined {
  const isKnown = typeof code === 'string' && Object.hasOwn(refusals, code);
  return isKnown && refusals[code as RefusalCode].status === status
    ? (code as RefusalCode)
    : undefined;
}

function codeOfStatus(status: number): WeirErrorCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 413:
      return 'too_large';
    case 429:
      return 'rate_limited';
    case 503:
      return 'over_capacity';
    default:
      return status >= 500 ? 'internal' : 'unexpected_reply';
  }
}

function rejectedOf({ rejected }: Record<string, unknown>): RejectedEvent[] {
  if (!Array.isArray(rejected)) return [];
  return rejected.filter(
    (one) =>
      Number.isInteger(one?.index) &&
      typeof one.code === 'string' &&
      Object.hasOwn(rejections, one.code),
  );
}

function parse(body: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(body);
    return typeof content === 'object' && content !== null
      ? (content as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

function wholeMs(text: string | undefined): Ms | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
