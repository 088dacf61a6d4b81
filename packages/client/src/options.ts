import type { Throttle } from '@weir/core/throttle/throttle';
import { type ThrottleOptions, throttles } from '@weir/core/throttle/throttles';
import { parseKeyId } from './api-key.ts';
import { besideBytes } from './queue.ts';
import type { Tracing } from './tracing.ts';
import type { Dispatcher } from './transport/undici.ts';
import { WeirError } from './weir-error.ts';

/** What happens to an event for which there is no room. */
export type Overflow = 'block' | 'reject' | 'drop-oldest' | 'drop-newest' | 'spool';

/** Where messages for people go; `console` is one. Never told a key or the content of an event. */
export interface Logger {
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
}

/** Events on disk until a server has them: they survive `kill -9`. */
export interface SpoolOptions {
  /** A folder for this client alone; made if it is missing. Files get mode 0600. */
  readonly dir: string;
  /** Most bytes on disk; beyond, events are refused as `overflow` says. @default 268_435_456 */
  readonly maxBytes?: number;
}

/** A policy that ships, or one of your own. */
export type ThrottleChoice =
  | {
      readonly policy: keyof typeof throttles;
      readonly options?: ThrottleOptions;
    }
  | ((random: () => number) => Throttle);

/** An event as `redact` sees it, before it is written as text. */
export interface EventDraft {
  readonly type: string;
  readonly data: unknown;
}

/** All times in milliseconds, all sizes in bytes of UTF-8. */
export interface ClientOptions {
  /** Key, or a function that fetches one. Env `WEIR_API_KEY`. */
  readonly apiKey?: string | (() => string | Promise<string>) | undefined;
  /** Where weir is. Of several, which must share one Redis, the first is preferred. Env `WEIR_URL`. */
  readonly baseUrl?: string | readonly string[] | undefined;
  /** Events a request at most. @default 500 */
  readonly maxBatchEvents?: number;
  /** Bytes a request at most, before compression. @default 1_048_576 */
  readonly maxBatchBytes?: number;
  /** Bytes of one event at most: larger ones fail at the call. @default 262_144 */
  readonly maxEventBytes?: number;
  /** How long an event waits for others to share its request. @default 50 */
  readonly lingerMs?: number;
  /** Requests under way at once. @default 8 */
  readonly maxConcurrency?: number;
  /** Events in memory at most. @default 100_000 */
  readonly maxQueueEvents?: number;
  /** Bytes of events in memory at most; each counts 384 more than its text. @default 33_554_432 */
  readonly maxQueueBytes?: number;
  /** What to do at these bounds. @default 'reject', or 'spool' where there is a spool */
  readonly overflow?: Overflow;
  /** Tries of a batch that fail through no fault of its own; being paced is no try. @default Infinity */
  readonly maxAttempts?: number;
  /** Longest wait for a connection. @default 2_000 */
  readonly connectTimeoutMs?: number;
  /** Longest wait for one reply. @default 10_000 */
  readonly attemptTimeoutMs?: number;
  /** Longest time from the first try to the answer; waiting for the pace never counts. @default Infinity */
  readonly deliveryTimeoutMs?: number;
  /** A server that asks for more than this fails the batch, unless there is a spool. @default 300_000 */
  readonly maxRetryAfterMs?: number;
  /** Compress bodies from 1 KiB on: `auto` takes zstd or gzip, whichever the runtime has. @default 'auto' */
  readonly compression?: 'auto' | 'none';
  /** Keep events on disk until a server has them. @default none */
  readonly spool?: SpoolOptions | undefined;
  /**
   * How this key is paced; the first client of a key decides. A policy that ships, with options as
   * `weir-sim tune` writes them, or a function that makes one of your own. @default 'adaptive', as tuned
   */
  readonly throttle?: ThrottleChoice | undefined;
  /** An undici `Dispatcher` of your own: a proxy, a mock. @default a pool for each base URL */
  readonly dispatcher?: Dispatcher | undefined;
  /** Where messages for people go: `console`, or whatever has its `warn` and `error`. @default none */
  readonly logger?: Logger | undefined;
  /** Given a promise that settles when nothing waits any more, for hosts that freeze. @default none */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /** Attributes of every event, such as `source`; an event's own win. @default none */
  readonly attributes?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Changes an event before it is written; `undefined` drops it. Must not throw. @default none */
  readonly redact?: ((event: EventDraft) => EventDraft | undefined) | undefined;
  /** Where spans go; `openTelemetry()` of `@weir/client/otel` is one. @default the host's, if it has one */
  readonly tracing?: Tracing | undefined;
  /** `false` makes every call do nothing and succeed. @default true */
  readonly enabled?: boolean;
}

/** Options with every default in place. Inside the package nothing else is passed on. */
export interface ResolvedOptions extends Required<ClientOptions> {
  readonly apiKey: string | (() => string | Promise<string>);
  readonly baseUrl: readonly string[];
  readonly spool: Required<SpoolOptions> | undefined;
}

const defaults = {
  maxBatchEvents: 500,
  maxBatchBytes: 1_048_576,
  maxEventBytes: 262_144,
  lingerMs: 50,
  maxConcurrency: 8,
  maxQueueEvents: 100_000,
  maxQueueBytes: 33_554_432,
  maxAttempts: Infinity,
  connectTimeoutMs: 2_000,
  attemptTimeoutMs: 10_000,
  deliveryTimeoutMs: Infinity,
  maxRetryAfterMs: 300_000,
  compression: 'auto',
  throttle: undefined,
  dispatcher: undefined,
  logger: undefined,
  waitUntil: undefined,
  attributes: undefined,
  redact: undefined,
  tracing: undefined,
  enabled: true,
} as const;

const spoolBytes = 268_435_456;

/** Whole numbers and their bounds; a bound of Infinity may be reached only where it says so. */
const bounds: Readonly<Record<string, { least: number; most: number; orInfinity?: true }>> = {
  maxBatchEvents: { least: 1, most: 10_000 },
  maxBatchBytes: { least: 1_024, most: 33_554_432 },
  maxEventBytes: { least: 64, most: 33_554_432 },
  lingerMs: { least: 0, most: 60_000 },
  maxConcurrency: { least: 1, most: 256 },
  maxQueueEvents: { least: 1, most: 100_000_000 },
  maxQueueBytes: { least: 2_048, most: 8_589_934_592 },
  maxAttempts: { least: 1, most: 1_000_000, orInfinity: true },
  connectTimeoutMs: { least: 1, most: 600_000 },
  attemptTimeoutMs: { least: 1, most: 600_000 },
  deliveryTimeoutMs: { least: 1, most: 604_800_000, orInfinity: true },
  maxRetryAfterMs: { least: 0, most: 604_800_000, orInfinity: true },
};

const choices = {
  compression: ['auto', 'none'],
  overflow: ['block', 'reject', 'drop-oldest', 'drop-newest', 'spool'],
} as const;

/** The only place that knows a default. Throws a WeirError `invalid_option` that names the field. */
export function resolveOptions(
  given: ClientOptions,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedOptions {
  const spool = given.spool === undefined ? undefined : resolveSpool(given.spool);
  const options = {
    ...defaults,
    ...withoutUndefined(given),
    overflow: given.overflow ?? (spool === undefined ? 'reject' : 'spool'),
    spool,
    baseUrl: resolveUrls(given.baseUrl ?? env.WEIR_URL),
    apiKey: resolveKey(given.apiKey ?? env.WEIR_API_KEY),
  } as ResolvedOptions;
  refuseUnknown(given);
  checkNumbers(options);
  checkChoices(options);
  return options;
}

function checkNumbers(options: ResolvedOptions): void {
  for (const [field, { least, most, orInfinity }] of Object.entries(bounds)) {
    const value = options[field as keyof ResolvedOptions];
    if (orInfinity === true && value === Infinity) continue;
    if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) continue;
    const or = orInfinity === true ? ', or Infinity' : '';
    throw invalid(field, `must be a whole number from ${least} to ${most}${or}, not ${value}`);
  }
}

function checkChoices(options: ResolvedOptions): void {
  for (const [field, allowed] of Object.entries(choices)) {
    const value = options[field as keyof typeof choices];
    if ((allowed as readonly string[]).includes(value)) continue;
    throw invalid(field, `must be one of ${allowed.join(', ')}, not ${value}`);
  }
  const { throttle } = options;
  if (typeof throttle === 'object' && !Object.hasOwn(throttles, throttle.policy)) {
    const known = Object.keys(throttles).join(', ');
    throw invalid('throttle.policy', `must be one of ${known}, not ${throttle.policy}`);
  }
  if (options.overflow === 'spool' && options.spool === undefined) {
    throw invalid('overflow', "'spool' needs the option spool");
  }
  if (options.overflow === 'drop-oldest' && options.spool !== undefined) {
    throw invalid('overflow', "'drop-oldest' cannot be had with a spool, which keeps the oldest");
  }
  const most = options.maxQueueBytes - besideBytes; // else an event could never have room
  if (options.maxBatchBytes > most) {
    throw invalid('maxBatchBytes', `must be at most maxQueueBytes - ${besideBytes} (${most})`);
  }
}

/** Names are compared so that a slip of the pen does not configure nothing, silently. */
function refuseUnknown(given: ClientOptions): void {
  const known = new Set([...Object.keys(defaults), 'apiKey', 'baseUrl', 'spool', 'overflow']);
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined) throw invalid(unknown, 'there is no such option');
}

function resolveUrls(given: string | readonly string[] | undefined): readonly string[] {
  const list = typeof given === 'string' ? given.split(',') : (given ?? []);
  if (list.length === 0) throw invalid('baseUrl', 'is missing, and WEIR_URL is not set');
  return list.map((text) => {
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
    const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
    if (url === undefined || !isHttp || url.username !== '' || url.search !== '') {
      throw invalid('baseUrl', `must be such as https://events.example.com, not "${text}"`);
    }
    return url.href.replace(/\/+$/, '');
  });
}

function resolveKey(given: ClientOptions['apiKey']): ResolvedOptions['apiKey'] {
  if (typeof given === 'function') return given;
  if (given === undefined) throw invalid('apiKey', 'is missing, and WEIR_API_KEY is not set');
  if (typeof given !== 'string' || !isHeaderSafe(given)) {
    throw invalid('apiKey', 'must be visible ASCII without spaces, such as weir_KEYID_SECRET');
  }
  return given;
}

/** Whether a key can stand in a header. What it looks like is the server's business. */
export function isHeaderSafe(key: string): boolean {
  return parseKeyId(key) !== undefined || /^[\x21-\x7e]{1,512}$/.test(key);
}

function resolveSpool(given: SpoolOptions): Required<SpoolOptions> {
  const { dir, maxBytes = spoolBytes } = given;
  if (typeof dir !== 'string' || dir === '') throw invalid('spool.dir', 'must name a folder');
  const least = 16_777_216;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < least) {
    throw invalid('spool.maxBytes', `must be a whole number from ${least} up, not ${maxBytes}`);
  }
  return { dir, maxBytes };
}

function withoutUndefined(given: ClientOptions): ClientOptions {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function invalid(field: string, what: string): WeirError {
  return new WeirError('invalid_option', `${field} ${what}`, { field });
}
