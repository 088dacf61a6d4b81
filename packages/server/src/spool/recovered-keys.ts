import type { Receipt } from '@weir/core/wire/receipt';
import type { Ms } from '@weir/core/world/world';
import type { Idempotency } from './record.ts';

/** What a key was answered by a server that died; who repeats it gets the same. */
export interface RecoveredAnswer {
  readonly idempotency: Idempotency;
  readonly receipt: Receipt;
  /** How long the key is still known. */
  readonly leftMs: Ms;
}

/** The keys of one segment that was found at start or taken over. */
export interface RecoveredKeys {
  /** Who wrote it, and is dead. */
  readonly writer: string;
  /** Those still known when each is asked for; hashes are views, valid until the next. */
  answers(): Iterable<RecoveredAnswer>;
}

/** Far more segments than a spool holds. */
const mostWaiting = 10_000;

/**
 * Hands recovered keys to whoever tells other servers of them, who may come after the first were found.
 * At most 10,000 segments wait for that, a hundred bytes each; the oldest are let go.
 */
export class RecoveredSegments {
  readonly #waiting: RecoveredKeys[] = [];
  #tell: ((keys: RecoveredKeys) => void) | undefined;

  add(keys: RecoveredKeys): void {
    if (this.#tell === undefined) this.#waiting.push(keys);
    else this.#tell(keys);
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
  }

  tellTo(tell: (keys: RecoveredKeys) => void): void {
    this.#tell = tell;
    for (const keys of this.#waiting.splice(0)) tell(keys);
  }
}
