import { timingSafeEqual } from 'node:crypto';
import type { Refusal } from '@weir/core/wire/refusal';
import type { AccessLists } from '../guards/access-lists.ts';
import type { Caller } from './caller.ts';
import { hashSecret, parseKey } from './key.ts';
import type { Tenants } from './tenants.ts';

/** Most headers remembered; beyond, the one that was verified first is verified again. */
const maxRemembered = 10_000;
/** A key takes 68; a longer header, such as Basic with a long password, is verified each time. */
const maxHeaderLength = 200;

const wanted = 'expected `Authorization: Bearer weir_…` with a key of this server';
const refusalOf = {
  missing: refuse(`there was no Authorization header; ${wanted}`),
  scheme: refuse(`the Authorization header is neither Bearer nor Basic; ${wanted}`),
  form: refuse(`the key is not of the form weir_KEYID_SECRET; ${wanted}`),
  unknown: refuse(`this key is not known here, or was revoked; ${wanted}`),
} as const;

const denied: Refusal = {
  refused: 'forbidden',
  detail: 'the operator of this server keeps this tenant or key out',
};

/** What an unknown key is compared with, so that it takes as long as a known one. */
const nobody = { salt: new Uint8Array(16), hash: new Uint8Array(32), caller: undefined };

/**
 * Who sent this? A key is verified once and then known by its whole header, until the tenants
 * change.
 */
export class Keys {
  #tenants: Tenants;
  readonly #verified = new Map<string, Caller>();

  constructor(tenants: Tenants) {
    this.#tenants = tenants;
  }

  /** The operator's lists, as the same version of the file has them. */
  get lists(): AccessLists {
    return this.#tenants.lists;
  }

  /** Whose header this is known to be; undefined where that must be found out by `authenticate`. */
  known(authorization: string | undefined): Caller | undefined {
    return authorization === undefined ? undefined : this.#verified.get(authorization);
  }

  /** @param authorization the header as it came: Bearer, or Basic with the key as user name */
  authenticate(authorization: string | undefined): Caller | Refusal {
    if (authorization === undefined) return refusalOf.missing;
    return this.#verified.get(authorization) ?? this.#verify(authorization);
  }

  /** Who may call at present: one for each key. */
  *callers(): Iterable<Caller> {
    for (const { caller } of this.#tenants.keys.values()) yield caller;
  }

  /** From now on these. A key that is not among them is refused at its next request. */
  swap(tenants: Tenants): void {
    this.#tenants = tenants;
    this.#verified.clear();
  }

  #verify(authorization: string): Caller | Refusal {
    const text = keyTextOf(authorization);
    if (text === undefined) return refusalOf.scheme;
    const key = parseKey(text);
    if (key === undefined) return refusalOf.form;
    const { salt, hash, caller } = this.#tenants.keys.get(key.id) ?? nobody;
    const matches = timingSafeEqual(hashSecret(salt, key.secret), hash);
    if (!matches || caller === undefined) return refusalOf.unknown;
    if (caller.isDenied) return denied;
    if (authorization.length <= maxHeaderLength) this.#remember(authorization, caller);
    return caller;
  }

  #remember(authorization: string, caller: Caller): void {
    if (this.#verified.size >= maxRemembered) {
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest);
        break;
      }
    }
    this.#verified.set(authorization, caller);
  }
}

function keyTextOf(authorization: string): string | undefined {
  const found = /^(bearer|basic) +(\S+) *$/i.exec(authorization);
  if (found === null) return undefined;
  const credentials = found[2] as string;
  if (found[1]?.toLowerCase() === 'bearer') return credentials;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.split(':', 1)[0];
}

function refuse(detail: string): Refusal {
  return { refused: 'unauthorized', detail };
}
