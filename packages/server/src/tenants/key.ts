import { hash } from 'node:crypto';
import type { World } from '@weir/core/world/world';

/** A key as its owner holds it: `weir_KEYID_SECRET`. */
export interface Key {
  /** 12 of `[a-z0-9]`: names the key, and is no secret. */
  readonly id: string;
  /** 43 digits of base 62, for 256 bits. */
  readonly secret: string;
}

/** What is kept of a key: enough to know it again, too little to use it. */
export interface KeptKey {
  readonly id: string;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const form = /^weir_([a-z0-9]{12})_([0-9A-Za-z]{43})$/;

export function newKey(world: World): Key {
  return {
    id: inBase(36, world.randomBytes(16), 12),
    secret: inBase(62, world.randomBytes(32), 43),
  };
}

export function keepKey({ id, secret }: Key, world: World): KeptKey {
  const salt = world.randomBytes(16);
  return { id, salt, hash: hashSecret(salt, secret) };
}

export function formatKey({ id, secret }: Key): string {
  return `weir_${id}_${secret}`;
}

/** undefined where the text is no key of any weir. */
export function parseKey(text: string): Key | undefined {
  const found = form.exec(text);
  return found === null ? undefined : { id: found[1] as string, secret: found[2] as string };
}

/** SHA-256 of the bytes of the salt and then the secret's. */
export function hashSecret(salt: Uint8Array, secret: string): Uint8Array {
  return hash('sha256', Buffer.concat([salt, Buffer.from(secret)]), 'buffer');
}

/** The last `length` digits of the number that the bytes are. */
function inBase(base: 36 | 62, bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let i = 0; i < length; i += 1) {
    text = `${digits[Number(rest % BigInt(base))]}${text}`;
    rest /= BigInt(base);
  }
  return text;
}
