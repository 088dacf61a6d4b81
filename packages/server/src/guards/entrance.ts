import { isRefusal, type Refusal, type RefusalCode } from '@weir/core/wire/refusal';
import type { Ms } from '@weir/core/world/world';
import { type AppContext, headerOf, type RequestHeaders } from '../request.ts';
import type { Caller } from '../tenants/caller.ts';
import type { Keys } from '../tenants/keys.ts';
import type { AddressLimit } from './address-limit.ts';
import { sourceOf } from './source-address.ts';
import type { Offence, SourceBlocks } from './source-blocks.ts';

export interface EntranceDeps {
  readonly keys: Keys;
  /** Absent where addresses are not limited. */
  readonly addressLimit: AddressLimit | undefined;
  readonly guessers: SourceBlocks;
  readonly garblers: SourceBlocks;
  /** Proxies of the operator's own in front of this server, whose X-Forwarded-For is believed. */
  readonly trustedHops: number;
  readonly counts: { guarded(guard: EntranceGuard): void };
}

/** What stood in the way of a request before its quotas were asked. */
export type EntranceGuard = 'denied' | 'address' | Offence;

/**
 * Who may come in: the operator's lists, the limit by address, blocks, and the key. A request with a
 * key that is known by now, while nobody is listed, limited or blocked, costs one look in a map.
 */
export class Entrance {
  readonly #deps: EntranceDeps;

  constructor(deps: EntranceDeps) {
    this.#deps = deps;
  }

  authenticate(c: AppContext, headers: RequestHeaders): Caller | Refusal {
    const { keys, addressLimit, garblers } = this.#deps;
    const authorization = headerOf(headers, 'authorization');
    if (addressLimit !== undefined || keys.lists.namesAddresses) {
      const refusal = this.#checkAddress(c, headers);
      if (refusal !== undefined) return refusal;
    }
    const known = keys.known(authorization);
    if (known === undefined) return this.#meet(c, headers, authorization);
    return garblers.size === 0 ? known : (this.#blockedGarbler(c, headers, known) ?? known);
  }

  /** A body that no honest sender sends costs much and is not charged: too many of them, and the
   * sender is turned away before the next is read. */
  sentGarbage(c: AppContext, headers: RequestHeaders, caller: Caller, code: RefusalCode): void {
    if (!garbage.has(code) || caller.isAllowed) return;
    const source = this.#sourceOf(c, headers);
    if (source !== undefined) void this.#deps.garblers.count(`${source} ${caller.keyId}`);
  }

  #checkAddress(c: AppContext, headers: RequestHeaders): Refusal | undefined {
    const { keys, addressLimit } = this.#deps;
    const source = this.#sourceOf(c, headers);
    if (source === undefined) return undefined;
    if (keys.lists.deniesAddress(source)) return this.#refuse('denied');
    if (addressLimit === undefined || keys.lists.allowsAddress(source)) return undefined;
    const waitMs = addressLimit.take(source);
    return waitMs === undefined ? undefined : this.#refuse('address', waitMs);
  }

  /** The first request with this key, or one with none that is good. */
  #meet(
    c: AppContext,
    headers: RequestHeaders,
    authorization: string | undefined,
  ): Caller | Refusal {
    const { keys, guessers } = this.#deps;
    const source = this.#sourceOf(c, headers);
    const waitMs = source === undefined ? 0 : guessers.blockedForMs(source);
    if (waitMs > 0) return this.#refuse('guessing', waitMs);
    const met = keys.authenticate(authorization);
    if (!isRefusal(met)) return met;
    if (met.refused === 'forbidden') this.#deps.counts.guarded('denied');
    else if (source !== undefined) void guessers.count(source);
    return met;
  }

  #blockedGarbler(c: AppContext, headers: RequestHeaders, caller: Caller): Refusal | undefined {
    const source = this.#sourceOf(c, headers);
    if (source === undefined || caller.isAllowed) return undefined;
    const waitMs = this.#deps.garblers.blockedForMs(`${source} ${caller.keyId}`);
    return waitMs > 0 ? this.#refuse('garbage', waitMs) : undefined;
  }

  #sourceOf(c: AppContext, headers: RequestHeaders): string | undefined {
    const address = c.env?.incoming?.socket.remoteAddress;
    return sourceOf(address, headers, this.#deps.trustedHops);
  }

  #refuse(guard: EntranceGuard, retryAfterMs?: Ms): Refusal {
    this.#deps.counts.guarded(guard);
    const refused = guard === 'denied' ? 'forbidden' : 'abnormal_usage';
    const refusal: Refusal = { refused, detail: details[guard] };
    return retryAfterMs === undefined ? refusal : { ...refusal, retryAfterMs };
  }
}

/** Bodies that were read in vain; a header that is wrong cost nothing. */
const garbage: ReadonlySet<RefusalCode> = new Set([
  'malformed',
  'invalid_utf8',
  'bad_encoding',
  'invalid_events',
]);

const details: Readonly<Record<EntranceGuard, string>> = {
  denied: 'the operator of this server keeps this address out',
  address: 'more requests a second came from this address than one address may send',
  guessing: 'this address sent too many requests without a good key; it may try again later',
  garbage:
    'from this address too many bodies came with this key that could not be parsed; it may try again later',
};
