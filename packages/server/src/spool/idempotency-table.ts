import type { Repeat } from './record.ts';

export interface IdempotencyTableOptions {
  readonly windowMs: number;
  readonly maxKeys: number;
}

/** What keyed batches were answered, for a while. */
export class IdempotencyTable {
  readonly #options: IdempotencyTableOptions;
  readonly #entries = new Map<string, { readonly repeat: Repeat; readonly atMs: number }>();

  constructor(options: IdempotencyTableOptions) {
    this.#options = options;
  }

  add(key: Uint8Array, repeat: Repeat, atMs: number): void {
    this.#entries.set(Buffer.from(key).toString('latin1'), { repeat, atMs });
    if (this.#entries.size <= this.#options.maxKeys) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  get(key: Uint8Array, nowMs: number): Repeat | undefined {
    const found = this.#entries.get(Buffer.from(key).toString('latin1'));
    if (found === undefined || nowMs - found.atMs >= this.#options.windowMs) return undefined;
    return found.repeat;
  }
}
