import type { World } from '@weir/core/world/world';

/** The ids that a span is told under. */
export interface SpanName {
  readonly traceId: string;
  readonly spanId: string;
}

/**
 * Where the SDK gets its ids from: random ones, but for a span whose ids were chosen before it was
 * told, because a record carried them on.
 */
export class SpanIds {
  readonly #world: World;
  #chosen: SpanName | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** What `start` starts gets these ids: one span, and its trace where it has no parent. */
  as<T>(chosen: SpanName, start: () => T): T {
    this.#chosen = chosen;
    try {
      return start();
    } finally {
      this.#chosen = undefined;
    }
  }

  generateTraceId(): string {
    return this.#chosen?.traceId ?? this.#random(16);
  }

  generateSpanId(): string {
    return this.#chosen?.spanId ?? this.#random(8);
  }

  #random(bytes: number): string {
    return Buffer.from(this.#world.randomBytes(bytes)).toString('hex');
  }
}
