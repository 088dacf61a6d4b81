import type { Outcome } from '@weir/core/throttle/throttle';
import type { Ms } from '@weir/core/world/world';
import type { ClientFacts, ProcessFacts, Sleeper } from '../model/strategy.ts';

// What the four strategies of zombocom/rate_throttle_client (cb1ed06) have in common:
// lib/rate_throttle_client/clients/base.rb and lib/rate_throttle_client.rb.

/** 3600 s ÷ 4500: what one request costs in time. */
export const leastSleepMs: Ms = 800;
export const multiplier = 1.2;
/** The limit as these strategies know it: a constant, whatever the server's is. */
export const knownLimit = 4_500;

/** Up to a tenth is added to every sleep. */
export function jittered(sleepMs: Ms, random: () => number): Ms {
  return sleepMs + sleepMs * 0.1 * random();
}

/** What the clients of one process share, without any lock, as the threads of the gem do. */
interface SharedSleep {
  sleepMs: Ms;
}

/** The sleep that a success leaves, of the one it was reached with. */
export type Decrease = (sleepMs: Ms, outcome: Outcome) => Ms;

/** Sleeps before every request; refusals raise that sleep, and a success lowers it by `decrease`. */
export class SleepingClient implements Sleeper {
  readonly #shared: SharedSleep;
  readonly #random: () => number;
  readonly #decrease: Decrease;
  #sleepMs: Ms = 0;

  constructor(shared: SharedSleep, random: () => number, decrease: Decrease) {
    this.#shared = shared;
    this.#random = random;
    this.#decrease = decrease;
  }

  beforeMs(_nowMs: Ms, attempt: number): Ms {
    if (attempt > 0) return 0; // a refusal slept already
    this.#sleepMs = this.#shared.sleepMs;
    return jittered(this.#sleepMs, this.#random);
  }

  afterMs(outcome: Outcome): Ms {
    if (outcome.cause === 'ok') {
      this.#shared.sleepMs = Math.max(0, this.#decrease(this.#sleepMs, outcome));
      return 0;
    }
    const sleepMs = this.#sleepMs + leastSleepMs;
    this.#sleepMs = sleepMs * multiplier; // grows after the sleep: so the gem has it
    return jittered(sleepMs, this.#random);
  }
}

/** The test that spends a quota which nothing refills starts with a sleep of a second. */
export function sharedSleep({ scenario }: ProcessFacts): SharedSleep {
  return { sleepMs: scenario.stopAtRemaining === undefined ? 0 : 1_000 };
}

/** Clients of a process that share their sleep. */
export function sleepingClients(decrease: Decrease) {
  return (process: ProcessFacts) => {
    const shared = sharedSleep(process);
    return ({ random }: ClientFacts): Sleeper => new SleepingClient(shared, random, decrease);
  };
}
