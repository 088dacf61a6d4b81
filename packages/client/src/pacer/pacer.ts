import type { Cost } from '@weir/core/admission';
import type { Cause, ThrottleSnapshot } from '@weir/core/throttle/throttle';
import { decodeRateNews } from '@weir/core/wire/rate-headers';
import { fields } from '@weir/core/wire/routes';
import { systemWorld } from '@weir/core/world/system';
import type { World } from '@weir/core/world/world';
import type { ThrottleChoice } from '../options.ts';
import { cancelled } from '../room-line.ts';
import { makerOf } from '../tuned-throttle.ts';
import { PacedTurnstile, type Turnstile } from '../turnstile.ts';

/** What a pacer may be given. */
export interface PacerOptions {
  /** The policy. @default 'adaptive', as tuned */
  readonly throttle?: ThrottleChoice | undefined;
  /** Time and chance. @default those of the host */
  readonly world?: World | undefined;
}

/** What a reply says that is of use to a pacer; any HTTP client can give it. */
export interface ReplyFacts {
  readonly status: number;
  /** A header by its name in lower case. */
  header(name: string): string | null | undefined;
}

/** Leave to send one request now. One of the two must be called, once. */
export interface Turn {
  /** A name to send as `Weir-Client`, so that a weir sets slots aside. */
  readonly sender: string;
  answered(reply: ReplyFacts): void;
  /** No answer came. */
  failed(): void;
}

/**
 * The pace of one quota, for requests of any HTTP client: spends the burst, then sends as fast as the
 * quota allows, learns from `RateLimit` and `Retry-After`, and hardly ever meets a 429. First come,
 * first served. It sends nothing and repeats nothing itself.
 *
 * @example
 * const pacer = new Pacer();
 * const response = await pacer.fetch('https://api.example.com/things', { method: 'POST', body: '{}' });
 * console.log(response.status);
 */
export class Pacer {
  readonly #turnstile: Turnstile;
  readonly #world: World;

  constructor({ throttle, world = systemWorld }: PacerOptions = {}) {
    this.#world = world;
    this.#turnstile = new PacedTurnstile(makerOf(throttle)(world.random), world);
  }

  /**
   * Resolves when a request of this cost may go. Rejects with a WeirError `cancelled`.
   *
   * @example
   * const pacer = new Pacer();
   * const turn = await pacer.turn({ cost: { events: 20 }, signal: AbortSignal.timeout(60_000) });
   * const reply = await fetch('https://api.example.com/things', { method: 'POST', body: '{}' });
   * turn.answered({ status: reply.status, header: (name) => reply.headers.get(name) });
   */
  turn({ cost = {}, signal }: TurnOptions = {}): Promise<Turn> {
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    const leave = this.#turnstile.enter({
      cost: { requests: 1, events: 1, bytes: 0, ...cost },
      readyAtMs: (nowMs) => nowMs,
      go: (sent) => resolve(this.#turn(sent)),
    });
    if (signal === undefined) return promise;
    const aborted = (): void => {
      leave();
      reject(cancelled(signal));
    };
    signal.addEventListener('abort', aborted);
    return promise.finally(() => signal.removeEventListener('abort', aborted));
  }

  /**
   * As the `fetch` of the host, in its turn. A 429 is returned like any other reply; what `fetch` throws
   * is thrown.
   *
   * @example
   * const pacer = new Pacer();
   * const paths = ['a', 'b', 'c'];
   * await Promise.all(paths.map((path) => pacer.fetch(`https://api.example.com/${path}`)));
   */
  async fetch(input: string | URL, init: RequestInit = {}): Promise<Response> {
    const turn = await this.turn({ signal: init.signal ?? undefined });
    try {
      const headers = new Headers(init.headers);
      headers.set(fields.weirClient, turn.sender);
      const response = await fetch(input, { ...init, headers });
      turn.answered({
        status: response.status,
        header: (name) => response.headers.get(name),
      });
      return response;
    } catch (error) {
      turn.failed();
      throw error;
    }
  }

  /**
   * What it believes of the quota at this moment.
   *
   * @example
   * const { perSecond, remaining, waitingFor } = new Pacer().snapshot();
   * console.log({ perSecond, remaining, waitingFor });
   */
  snapshot(): ThrottleSnapshot {
    return this.#turnstile.snapshot();
  }

  #turn(sent: number): Turn {
    const turnstile = this.#turnstile;
    return {
      sender: turnstile.sender,
      answered: ({ status, header }) => {
        const news = decodeRateNews(header, this.#world.date());
        const text = header(fields.weirNextMs) ?? '';
        const nextMs = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
        turnstile.learn({ sent, cause: causeOf(status), nextMs, ...news });
      },
      failed: () => {
        const nothing = { retryAfterMs: undefined, nextMs: undefined, limits: [] };
        turnstile.learn({ sent, cause: 'fault', ...nothing });
      },
    };
  }
}

/** What a request costs, and what ends its wait. */
export interface TurnOptions {
  /** What the server will count. @default 1 request, 1 event */
  readonly cost?: Partial<Cost> | undefined;
  readonly signal?: AbortSignal | undefined;
}

function causeOf(status: number): Cause {
  if (status === 429) return 'rate_limited';
  if (status === 503) return 'overloaded';
  return status >= 500 ? 'fault' : 'ok';
}
