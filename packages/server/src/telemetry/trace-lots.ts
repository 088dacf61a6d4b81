import { fields } from '@weir/core/wire/routes';
import type { Ms, World } from '@weir/core/world/world';
import type { RequestHeaders } from '../request.ts';
import { traceparentOf } from '../traceparent.ts';

/** `capped`: its sender wanted a trace, and too many did within this second. */
export type TraceLot = 'traced' | 'untraced' | 'capped';

export interface TraceLotsOptions {
  /** Share of the requests without a parent, from 0 to 1. */
  readonly ratio: number;
  /** Whether `Weir-Trace: 1` asks for a trace. */
  readonly onRequest: boolean;
}

/** What senders may decide, so that nobody's header slows the server down. */
export const mostWantedASecond = 100;
const secondMs: Ms = 1_000;

/**
 * Says which requests are traced, before anything else of tracing is touched: one look at the header
 * and at most one random number. A parent decides; up to 100 a second that want a trace get one,
 * beyond that they are counted.
 */
export class TraceLots {
  readonly #world: World;
  readonly #options: TraceLotsOptions;
  #secondEndsMs: Ms = -Infinity;
  #wanted = 0;
  #started = 0;
  #capped = 0;

  constructor(world: World, options: TraceLotsOptions) {
    this.#world = world;
    this.#options = options;
  }

  get started(): number {
    return this.#started;
  }

  get capped(): number {
    return this.#capped;
  }

  draw(headers: RequestHeaders): TraceLot {
    const { ratio, onRequest } = this.#options;
    if (onRequest && headers[fields.weirTrace] === '1') return this.#want();
    const parent = headers[fields.traceparent];
    if (parent !== undefined) {
      const context = traceparentOf(parent);
      if (context !== undefined) return isSampled(context) ? this.#want() : 'untraced';
    }
    if (ratio === 0 || this.#world.random() >= ratio) return 'untraced';
    this.#started += 1;
    return 'traced';
  }

  #want(): TraceLot {
    const nowMs = this.#world.now();
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + secondMs;
      this.#wanted = 0;
    }
    if (this.#wanted >= mostWantedASecond) {
      this.#capped += 1;
      return 'capped';
    }
    this.#wanted += 1;
    this.#started += 1;
    return 'traced';
  }
}

function isSampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1;
}

/** The same context, no longer sampled: nothing that follows is traced either. */
export function withoutSampling(traceparent: string): string {
  const flags = Number.parseInt(traceparent.slice(-2), 16) & ~1;
  return traceparent.slice(0, -2) + flags.toString(16).padStart(2, '0');
}
