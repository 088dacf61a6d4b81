import type { World } from '@weir/core/world/world';

const pattern = /^[0-9a-z]{16}$/;

/** A name no writer ever had: 80 random bits as 16 characters of `[0-9a-z]`. */
export function newWriter(world: World): string {
  let bits = 0n;
  for (const byte of world.randomBytes(10)) bits = bits * 256n + BigInt(byte);
  return bits.toString(36).padStart(16, '0');
}

export function isWriter(name: string): boolean {
  return pattern.test(name);
}
