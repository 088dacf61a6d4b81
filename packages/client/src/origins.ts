import {
  type BreakerOptions,
  type BreakerState,
  breakerAfter,
  closedBreaker,
} from '@weir/core/breaker';
import { backoffMs } from '@weir/core/retry';
import type { Reaction } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';

const breakerOptions: BreakerOptions = {
  failures: 5,
  firstPauseMs: 1_000,
  longestPauseMs: 30_000,
};
/** Added to what a busy server asks for: all were told alike. */
const spread = { baseMs: 100, maxMs: 5_000 };
const patience = 3; // refusals in a row before a busy server is left for another
const firstReturnMs = 5_000;
const longestReturnMs = 60_000;

interface Origin {
  readonly url: string;
  breaker: BreakerState;
  /** Its own clock, set by 503. */
  untilMs: Ms;
  refusals: number;
  /** Whether it is to be left while another one is there. */
  isLeft: boolean;
}

/** One try at a server, which must be told how it ended. */
export interface Try {
  readonly origin: string;
  answered(): void;
  /** `waitMs`: what it asked for; a fault without a wish has none. */
  failed(reaction: Reaction, waitMs: Ms | undefined): void;
  /** It ended without telling anything: it was aborted. */
  left(): void;
}

/**
 * Which server is next, and when. The first is preferred; another one takes over where the reaction
 * says so, and stays until the first has answered a request again. A breaker for each lets one probe
 * through at a time.
 */
export class Origins {
  readonly #origins: readonly Origin[];
  readonly #world: World;
  readonly #changed: (from: string, to: string) => void;
  #current = 0;
  #returnAtMs: Ms = 0;
  #returns = 0;
  #isReturning = false;

  constructor(
    urls: readonly string[],
    world: World,
    changed: (from: string, to: string) => void = () => {},
  ) {
    this.#origins = urls.map((url) => ({
      url,
      breaker: closedBreaker,
      untilMs: 0,
      refusals: 0,
      isLeft: false,
    }));
    this.#world = world;
    this.#changed = changed;
  }

  /** The first instant at which some server may be tried; Infinity while only probes are under way. */
  readyAtMs(nowMs: Ms): Ms {
    const current = this.#origins[this.#current] as Origin;
    const ownMs = usableAt(current);
    if (ownMs <= nowMs || !mustLeave(current)) return Math.max(nowMs, ownMs);
    return Math.max(nowMs, Math.min(...this.#origins.map(usableAt)));
  }

  /** Begins a try at the best server; only at an instant that `readyAtMs` allowed. */
  begin(): Try {
    const nowMs = this.#world.now();
    const place = this.#pick(nowMs);
    const origin = this.#origins[place] as Origin;
    const isReturning = place === 0 && this.#current !== 0;
    if (isReturning) this.#isReturning = true;
    else this.#move(place);
    const isProbe = origin.breaker.is === 'open';
    this.#breaker(origin, { what: 'tried' });
    const ended = (): void => {
      if (isReturning) this.#isReturning = false;
    };
    return {
      origin: origin.url,
      answered: () => {
        ended();
        this.#breaker(origin, { what: 'answered' });
        origin.refusals = 0;
        origin.isLeft = false;
        if (isReturning) this.#move(0);
      },
      failed: (reaction, waitMs) => {
        ended();
        if (isReturning) this.#putOffReturn();
        this.#failed(origin, reaction, waitMs, isProbe);
      },
      left: () => {
        ended();
        if (isProbe) this.#breaker(origin, { what: 'left' });
      },
    };
  }

  #pick(nowMs: Ms): number {
    const isUsable = (place: number): boolean => usableAt(this.#origins[place] as Origin) <= nowMs;
    const wantsReturn = this.#current !== 0 && nowMs >= this.#returnAtMs && !this.#isReturning;
    if (wantsReturn && isUsable(0)) return 0;
    const current = this.#origins[this.#current] as Origin;
    if (isUsable(this.#current) && !current.isLeft) return this.#current;
    const others = this.#origins.map((_, place) => (this.#current + place) % this.#origins.length);
    const better = others.find(
      (place) => isUsable(place) && !(this.#origins[place] as Origin).isLeft,
    );
    return better ?? others.find(isUsable) ?? this.#current;
  }

  #move(place: number): void {
    if (place === this.#current) return;
    const from = this.#origins[this.#current] as Origin;
    this.#current = place;
    if (place === 0) this.#returns = 0;
    else this.#putOffReturn();
    this.#changed(from.url, (this.#origins[place] as Origin).url);
  }

  /** Ever longer, so that a server that is gone for good costs next to nothing. */
  #putOffReturn(): void {
    const pauseMs = Math.min(longestReturnMs, firstReturnMs * 2 ** Math.min(10, this.#returns));
    this.#returns += 1;
    this.#returnAtMs = this.#world.now() + pauseMs * (1 + this.#world.random() / 10);
  }

  #failed(origin: Origin, reaction: Reaction, waitMs: Ms | undefined, isProbe: boolean): void {
    origin.refusals += 1;
    if (reaction.isFault) this.#breaker(origin, { what: 'failed', isProbe });
    else if (origin.breaker.is === 'probing') this.#breaker(origin, { what: 'answered' });
    const { failover } = reaction;
    const isEnough = failover === 'after_three' && origin.refusals >= patience;
    if (failover === 'at_once' || isEnough) origin.isLeft = true;
    if (reaction.clock !== 'server') return;
    const lot = this.#world.random();
    const pauseMs = backoffMs(spread, origin.refusals, waitMs ?? 0, lot);
    origin.untilMs = Math.max(origin.untilMs, this.#world.now() + pauseMs);
  }

  #breaker(origin: Origin, event: Parameters<typeof breakerAfter>[1]): void {
    const nowMs = this.#world.now();
    const lot = this.#world.random();
    origin.breaker = breakerAfter(origin.breaker, event, breakerOptions, { nowMs, lot });
  }
}

function mustLeave({ isLeft, breaker }: Origin): boolean {
  return isLeft || breaker.is !== 'closed';
}

function usableAt({ breaker, untilMs }: Origin): Ms {
  if (breaker.is === 'probing') return Infinity;
  return breaker.is === 'open' ? Math.max(untilMs, breaker.untilMs) : untilMs;
}
