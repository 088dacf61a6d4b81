import type { Ms } from '@weir/core/world/world';
import type { Sleeper, Strategy } from '../model/strategy.ts';
import { lonely } from './rival.ts';

const windowMs: Ms = 120_000;
const slots = 24; // of 5 s each
const multiplierK = 1.1;
const meanPauseMs: Ms = 1_000;
const pausesAtMost = 600;

/**
 * "Handling Overload" of Google's Site Reliability Engineering (2016): a request is rejected at the
 * sender with a chance of (requests − K·accepts) ÷ (requests + 1), counted over two minutes, with
 * K = 1.1. It sheds and does not queue; here what was shed is tried again after 0.5 s to 1.5 s, and
 * counts as a request, so that it never stops probing (zeromicro/go-zero#5011).
 */
class AdaptiveShedding implements Sleeper {
  readonly #random: () => number;
  readonly #requests = new Float64Array(slots);
  readonly #accepts = new Float64Array(slots);
  #slot = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  beforeMs(nowMs: Ms): Ms {
    let waitMs = 0;
    for (let pauses = 0; pauses < pausesAtMost; pauses += 1) {
      this.#moveTo(nowMs + waitMs);
      const chance = this.#rejectChance();
      this.#count(this.#requests);
      if (this.#random() >= chance) return waitMs;
      waitMs += this.#pauseMs();
    }
    return waitMs;
  }

  afterMs({ cause }: { readonly cause: string }, nowMs: Ms): Ms {
    this.#moveTo(nowMs);
    if (cause === 'ok') this.#count(this.#accepts);
    return this.#pauseMs();
  }

  #rejectChance(): number {
    const requests = sum(this.#requests);
    return Math.max(0, (requests - multiplierK * sum(this.#accepts)) / (requests + 1));
  }

  #pauseMs(): Ms {
    return meanPauseMs * (0.5 + this.#random());
  }

  #count(counts: Float64Array): void {
    const place = this.#slot % slots;
    counts[place] = (counts[place] as number) + 1;
  }

  /** Forgets what is older than the window. */
  #moveTo(nowMs: Ms): void {
    const slot = Math.floor((nowMs / windowMs) * slots);
    for (let cleared = 0; this.#slot < slot && cleared < slots; cleared += 1) {
      this.#slot += 1;
      this.#requests[this.#slot % slots] = 0;
      this.#accepts[this.#slot % slots] = 0;
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}

function sum(counts: Float64Array): number {
  let all = 0;
  for (let i = 0; i < counts.length; i += 1) all += counts[i] as number;
  return all;
}

export const googleSre: Strategy = lonely(
  'google-sre',
  'sheds at the sender by accepts over requests of 2 min, K = 1.1 (SRE book, 2016)',
  ({ random }) => new AdaptiveShedding(random),
);
