import { identityOfKey } from './api-key.ts';
import { isHeaderSafe, type ResolvedOptions } from './options.ts';
import type { Borrowed } from './throttle-registry.ts';
import type { Turnstile } from './turnstile.ts';
import { WeirError } from './weir-error.ts';

/** Whom the requests of a client come from. */
export interface Identity {
  readonly key: string;
  readonly turnstile: Turnstile;
}

/**
 * The key of a client and the turnstile that goes with it. A key from a function is asked for once,
 * and again after the server refused it: a new one has a turnstile of its own.
 */
export class KeyHolder {
  readonly #apiKey: ResolvedOptions['apiKey'];
  readonly #urls: readonly string[];
  readonly #borrow: (identity: string) => Borrowed;
  #current: Promise<Identity> | undefined;
  #borrowed: { readonly identity: string; readonly loan: Borrowed } | undefined;

  constructor(
    apiKey: ResolvedOptions['apiKey'],
    urls: readonly string[],
    borrow: (identity: string) => Borrowed,
  ) {
    this.#apiKey = apiKey;
    this.#urls = urls;
    this.#borrow = borrow;
  }

  current(): Promise<Identity> {
    this.#current ??= this.#fetch().catch((error) => {
      this.#current = undefined; // asked again at the next try
      throw error;
    });
    return this.#current;
  }

  /** The turnstile, where it is known by now. */
  get turnstile(): Turnstile | undefined {
    return this.#borrowed?.loan.turnstile;
  }

  /** The server did not take the key: one that comes from a function is asked for anew. */
  refused(): void {
    if (typeof this.#apiKey === 'function') this.#current = undefined;
  }

  close(): void {
    this.#borrowed?.loan.giveBack();
  }

  async #fetch(): Promise<Identity> {
    const key = typeof this.#apiKey === 'function' ? await this.#apiKey() : this.#apiKey;
    if (typeof key !== 'string' || !isHeaderSafe(key)) {
      throw new WeirError('invalid_option', 'apiKey did not give a key of visible ASCII', {
        field: 'apiKey',
      });
    }
    const identity = [await identityOfKey(key), ...[...this.#urls].sort()].join(' ');
    if (this.#borrowed?.identity !== identity) {
      this.#borrowed?.loan.giveBack();
      this.#borrowed = { identity, loan: this.#borrow(identity) };
    }
    return { key, turnstile: this.#borrowed.loan.turnstile };
  }
}
