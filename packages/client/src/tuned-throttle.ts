import type { Outcome, Throttle, ThrottleSnapshot } from '@weir/core/throttle/throttle';
import type { Ms } from '@weir/core/world/world';

/** Stays away for as long as it was told to. */
class ObedientThrottle implements Throttle {
  #untilMs: Ms = 0;
  #sent = 0;

  readyAtMs(nowMs: Ms): Ms {
    return Math.max(nowMs, this.#untilMs);
  }

  sent(): number {
    this.#sent += 1;
    return this.#sent;
  }

  learn({ cause, retryAfterMs }: Outcome, nowMs: Ms): void {
    if (cause === 'rate_limited') {
      this.#untilMs = Math.max(this.#untilMs, nowMs + (retryAfterMs ?? 1_000));
    }
  }

  snapshot(nowMs: Ms): ThrottleSnapshot {
    const waitingFor = this.#untilMs > nowMs ? 'retry_after' : 'nothing';
    const readyAtMs = this.readyAtMs(nowMs);
    return { perSecond: undefined, remaining: undefined, readyAtMs, waitingFor };
  }
}

export function tunedThrottle(): Throttle {
  return new ObedientThrottle();
}
