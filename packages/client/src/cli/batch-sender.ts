import type { Batch } from '../batch.ts';
import { Gate } from '../gate.ts';
import { KeyHolder } from '../key-holder.ts';
import type { ResolvedOptions } from '../options.ts';
import { Origins } from '../origins.ts';
import type { Platform } from '../platform.ts';
import { deliver, type Outcomes, type SendDeps } from '../send.ts';
import { borrowTurnstile, newRegistry } from '../throttle-registry.ts';
import type { Transport } from '../transport/transport.ts';
import { makerOf } from '../tuned-throttle.ts';
import type { WeirError } from '../weir-error.ts';

/** What is said of the way. */
export interface SenderCounts {
  requests: number;
  limited: number;
  maybeTwice: number;
  /** Why nothing goes out at the moment. */
  trouble: string | undefined;
  /** The key was refused: there is no use in going on. */
  refusedKey: WeirError | undefined;
}

/** Sends batches that somebody else has cut, as the client sends its own. */
export class BatchSender {
  readonly counts: SenderCounts = {
    requests: 0,
    limited: 0,
    maybeTwice: 0,
    trouble: undefined,
    refusedKey: undefined,
  };
  readonly #deps: Omit<SendDeps, 'outcomes'>;
  readonly #transport: Transport;
  readonly #stop: (error: WeirError) => void;

  /** `stop` is called where the server refuses the key. */
  constructor(options: ResolvedOptions, platform: Platform, stop: (error: WeirError) => void) {
    const { world } = platform;
    this.#stop = stop;
    this.#transport = platform.transport(options);
    const makeThrottle = makerOf(options.throttle);
    const registry = newRegistry();
    const keys = new KeyHolder(options.apiKey, options.baseUrl, (identity) =>
      borrowTurnstile(registry, identity, { world, logger: undefined, makeThrottle }),
    );
    const { deliveryTimeoutMs } = options;
    const origins = new Origins(options.baseUrl, world);
    const events = { paced: () => {}, keyFailed: () => {} };
    this.#deps = {
      world,
      transport: this.#transport,
      compress: platform.compress(options),
      gate: new Gate({ world, origins, keys, deliveryTimeoutMs, events }),
      events: {
        attempting: ({ attempts, ambiguousSince }) => this.#attempting(attempts, ambiguousSince),
        failed: (_, { code, detail, reaction }) => {
          if (reaction.clock === 'pace') this.counts.limited += 1;
          else this.counts.trouble = `${code}: ${detail}`;
        },
        held: (_, error) => this.#held(error),
        split: async ({ items, ambiguousSince }) => {
          if (ambiguousSince !== undefined) this.counts.maybeTwice += items.length;
        },
      },
      tracing: () => undefined,
      options,
    };
  }

  async deliver(batch: Batch, outcomes: Outcomes, signal: AbortSignal): Promise<void> {
    const taken: Outcomes['taken'] = (part, answer, origin) => {
      this.counts.trouble = undefined;
      outcomes.taken(part, answer, origin);
    };
    const deps = { ...this.#deps, outcomes: { ...bound(outcomes), taken } };
    await deliver(batch, deps, signal);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #attempting(attempts: number, ambiguousSince: number | undefined): void {
    this.counts.requests += 1;
    const isLate = this.#deps.world.date() - (ambiguousSince ?? Infinity) > 600_000;
    if (isLate && attempts > 1) this.counts.maybeTwice += 1;
  }

  #held(error: WeirError): undefined {
    this.counts.refusedKey = error;
    this.#stop(error);
    return undefined;
  }
}

function bound(outcomes: Outcomes): Omit<Outcomes, 'taken'> {
  return {
    refused: (batch, answer, error) => outcomes.refused(batch, answer, error),
    givenUp: (batch, error) => outcomes.givenUp(batch, error),
  };
}
