import type { Ms, World } from '@weir/core/world/world';

// What a store does wrong, and how the SDK tells of it.

export type Kind = 'put' | 'get' | 'head' | 'list' | 'delete';

export interface Ask {
  readonly kind: Kind;
  readonly key: string;
}

/** How a store behaves for a while. Shares are of requests, and at most 1 together. */
export interface Weather {
  /** Lognormal, by its median and 99th percentile. */
  readonly latencyMs: Ms;
  readonly latencyP99Ms: Ms;
  readonly slowDown: number;
  readonly internalError: number;
  readonly resetBefore: number;
  /** After the commit the connection breaks. */
  readonly resetAfter: number;
  /** After the commit, an answer that makes no sense. */
  readonly cutReply: number;
  /** No answer; half of them are done all the same, some of these long after the asker gave up. */
  readonly hang: number;
  /** A 409, as when another writer of the key is under way. */
  readonly conflict: number;
  /** Why everything of this kind is refused at the moment, if it is. */
  readonly refusal: (ask: Ask) => Error | 'silence' | undefined;
}

export const fair: Weather = {
  latencyMs: 30,
  latencyP99Ms: 100,
  slowDown: 0,
  internalError: 0,
  resetBefore: 0,
  resetAfter: 0,
  cutReply: 0,
  hang: 0,
  conflict: 0,
  refusal: () => undefined,
};

/** What chance has in store for one request. */
export interface Fate {
  /** Until it has arrived, until it is done, and until the answer is back. */
  readonly beforeMs: Ms;
  readonly commitMs: Ms;
  readonly afterMs: Ms;
  /** Instead of doing it. */
  readonly refusal: Error | 'silence' | undefined;
  /** Although it was done. */
  readonly loss: Error | 'silence' | undefined;
  /** Uniform in [0, 1). */
  readonly lot: number;
}

const longestCommitMs = 20_000;

export function fateOf(weather: Weather, { kind }: Ask, world: World): Fate {
  const wayMs = latencyMs(weather, world.random(), world.random());
  const lot = world.random();
  const { refusal, loss } = troubleOf(weather, kind, world);
  const isLate = loss === 'silence' && world.random() < 0.5;
  const commitMs = isLate ? longestCommitMs * world.random() : wayMs / 3;
  return { beforeMs: wayMs / 3, commitMs, afterMs: wayMs / 3, refusal, loss, lot };
}

function troubleOf(weather: Weather, kind: Kind, world: World): Pick<Fate, 'refusal' | 'loss'> {
  let draw = world.random();
  const hits = (share: number) => {
    draw -= share;
    return draw < 0;
  };
  const none = { refusal: undefined, loss: undefined };
  const code = (text: string) => (kind === 'head' ? 'Unknown' : text); // a HEAD has no body
  if (hits(weather.slowDown)) return { ...none, refusal: s3Error(code('SlowDown'), 503) };
  if (hits(weather.internalError)) return { ...none, refusal: s3Error(code('InternalError'), 500) };
  if (hits(weather.resetBefore)) return { ...none, refusal: brokenConnection() };
  if (hits(weather.resetAfter)) return { ...none, loss: brokenConnection() };
  if (hits(weather.cutReply)) return { ...none, loss: new SyntaxError('Unexpected end') };
  if (kind === 'put' && hits(weather.conflict)) {
    return { ...none, refusal: s3Error('ConditionalRequestConflict', 409) };
  }
  if (!hits(weather.hang)) return none;
  return world.random() < 0.5 ? { ...none, refusal: 'silence' } : { ...none, loss: 'silence' };
}

/** An answer of S3, as the SDK throws it. */
export function s3Error(code: string, status: number): Error {
  const facts = { name: code, $metadata: { httpStatusCode: status } };
  return Object.assign(new Error(code), facts);
}

export function brokenConnection(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

export function refusedConnection(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

/** The z of the 99th percentile of the normal distribution. */
const z99 = 2.326_347_874;

function latencyMs({ latencyMs: medianMs, latencyP99Ms }: Weather, u: number, v: number): Ms {
  const sigma = Math.log(Math.max(latencyP99Ms, medianMs) / medianMs) / z99;
  const z = Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v); // Box and Muller
  return medianMs * Math.exp(sigma * z);
}
