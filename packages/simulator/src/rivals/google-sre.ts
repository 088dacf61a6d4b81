import type { Ms } from '@weir/core/world/world';
import type { Sleeper, Strategy } from '../model/strategy.ts';
import { lonely } from './rival.ts';

const windowMs: Ms = 120_000;
const slots = 24; // of 5 s each
const multiplierK = 1.1;
const meanPauseMs: Ms = 1_000;
const pausesAtMost = 600;

/** Counts by slot, and their sum over the window. */
class SlidingCount {
  total = 0;
  readonly #counts = new Float64Array(slots);

  add(slot: number): void {
    this.#counts[slot % slots] = (this.#counts[slot % slots] as number) + 1;
    this.total += 1;
  }

  /** A slot begins: what it held a window ago is forgotten. */
  begin(slot: number): void {
    this.total -= this.#counts[slot % slots] as number;
    this.#counts[slot % slots] = 0;
  }
}

/**
 * "Handling Overload" of Google's Site Reliability Engineering (2016): a request is rejected at the
 * sender with a chance of (requests − K·accepts) ÷ (requests + 1), counted over two minutes, with
 * K = 1.1. It sheds and does not queue; here what was shed is tried again after 0.5 s to 1.5 s, and
 * counts as a request, so that it never stops probing (zeromicro/go-zero#5011).
 */
class AdaptiveShedding implements Sleeper {
  readonly #random: () => number;
  readonly #requests = new SlidingCount();
  readonly #accepts = new SlidingCount();
  #slot = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  beforeMs(nowMs: Ms): Ms {
    let waitMs = 0;
    for (let pauses = 0; pauses < pausesAtMost; pauses += 1) {
      this.#moveTo(nowMs + waitMs);
      const chance = this.#rejectChance();
      this.#requests.add(this.#slot);
      if (this.#random() >= chance) return waitMs;
      waitMs += this.#pauseMs();
    }
    return waitMs;
  }

  afterMs({ cause }: { readonly cause: string }, nowMs: Ms): Ms {
    this.#moveTo(nowMs);
    if (cause === 'ok') this.#accepts.add(this.#slot);
    return this.#pauseMs();
  }

  #rejectChance(): number {
    const requests = this.#requests.total;
    return Math.max(0, (requests - multiplierK * this.#accepts.total) / (requests + 1));
  }

  #pauseMs(): Ms {
    return meanPauseMs * (0.5 + this.#random());
  }

  /** Forgets what is older than the window. */
  #moveTo(nowMs: Ms): void {
    const slot = Math.floor((nowMs / windowMs) * slots);
    for (let cleared = 0; this.#slot < slot && cleared < slots; cleared += 1) {
      this.#slot += 1;
      this.#requests.begin(this.#slot);
      this.#accepts.begin(this.#slot);
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}

export const googleSre: Strategy = lonely(
  'google-sre',
  'sheds at the sender by accepts over requests of 2 min, K = 1.1 (SRE book, 2016)',
  ({ random }) => new AdaptiveShedding(random),
);
