import type { Random } from '@weir/core/world/random';
import { defaultTemplate } from '../object-key.ts';
import type { Surroundings } from './schedule-machine.model.ts';
import { tenants } from './schedule-senders.model.ts';
import {
  type Ask,
  brokenConnection,
  fair,
  refusedConnection,
  s3Error,
  type Weather,
} from './weather.model.ts';

// What a seed draws: how a server is set up, and how its store misbehaves.

/** Lots of a schedule, apart from those of the world it runs in. */
export class Lots {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Uniform whole number from 0 to below `end`. */
  pick(end: number): number {
    return Math.floor(this.#random.uniform() * end);
  }

  of<T>(values: readonly T[]): T {
    return values[this.pick(values.length)] as T;
  }

  happens(share: number): boolean {
    return this.#random.uniform() < share;
  }

  /** Mostly 0, else up to `most`. */
  share(most: number): number {
    return this.happens(0.5) ? most * this.#random.uniform() : 0;
  }
}

export function drawSurroundings(lots: Lots): Surroundings {
  return {
    spool: {
      directory: '/spool',
      bounds: {
        maxRequests: lots.of([20, 100, 10_000]),
        maxBytes: lots.of([20_000, 1_000_000]),
        minFreeBytes: 0,
      },
      rules: {
        bytes: lots.of([1_000, 4_000, 16_000]),
        events: lots.of([5, 50, 500]),
        ageMs: lots.of([50, 500, 5_000]),
      },
      header: {
        template: defaultTemplate,
        codec: lots.of(['none', 'gzip', 'zstd', 'none']),
        level: 1,
        maxObjects: lots.of([1, 3, 16]),
        ownObjectBytes: lots.of([0, 400]),
      },
      // No run takes so long: a key that is sent again is always known.
      idempotency: { windowMs: 86_400_000, maxKeys: 100_000 },
    },
    maxWorkers: lots.of([1, 2, 2, 4]),
    maxConcurrency: lots.of([1, 4, 32]),
    attemptMs: lots.of([1_000, 5_000, 10_000]),
    clockAheadMs: lots.pick(3_600_000),
    unlinkFails: lots.of([0, 0, 0.1]),
  };
}

/** How a store misbehaves while it works at all. */
export function drawWeather(lots: Lots): Weather {
  const latencyMs = lots.of([5, 30, 200]);
  return {
    ...fair,
    latencyMs,
    latencyP99Ms: latencyMs * lots.of([2, 10, 50]),
    slowDown: lots.of([0, 0.3, 0.3]),
    internalError: lots.share(0.1),
    resetBefore: lots.share(0.1),
    resetAfter: lots.of([0, 0.2, 0.2]),
    cutReply: lots.share(0.05),
    hang: lots.share(0.05),
    conflict: lots.share(0.05),
  };
}

/** Nothing works, in one of the ways in which that comes. */
export function drawOutage(lots: Lots): Weather {
  const refusal = lots.of<Weather['refusal']>([
    () => refusedConnection(),
    () => brokenConnection(),
    () => 'silence',
    ({ kind }) => s3Error(kind === 'head' ? 'Unknown' : 'ServiceUnavailable', 503),
    () => s3Error('InternalError', 500),
    () => s3Error('SignatureDoesNotMatch', 403),
  ]);
  return { ...fair, refusal };
}

/** A policy that forbids some keys, over a store that is as it was. */
export function drawDenial(lots: Lots, weather: Weather): Weather {
  const prefixes = lots.of([
    [`tenant=${lots.of(tenants)}/`],
    ['tenant='],
    ['tenant=', '_dead/'],
    ['_manifests/'],
  ]);
  const refusal = ({ kind, key }: Ask) =>
    kind === 'put' && prefixes.some((prefix) => key.startsWith(prefix))
      ? s3Error('AccessDenied', 403)
      : undefined;
  return { ...weather, refusal };
}
