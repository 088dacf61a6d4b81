import type { World } from '@weir/core/world/world';

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const bytesOfId = 10;
const poolBytes = 4_000; // a call into the source of chance costs more than an id

/**
 * Makes UUIDs of version 7 (RFC 9562): the wall clock's milliseconds first, 74 random bits after, so
 * that ids made later sort later and never meet another's.
 */
export function uuidMaker(world: Pick<World, 'date' | 'randomBytes'>): () => string {
  let pool: Uint8Array = new Uint8Array(0);
  let at = 0;
  let stampedMs = -1;
  let stamp = '';
  const next = (): string => hex[pool[at++] as number] as string;
  return () => {
    const nowMs = world.date();
    if (nowMs !== stampedMs) {
      stampedMs = nowMs;
      const digits = Math.floor(nowMs).toString(16).padStart(12, '0').slice(-12);
      stamp = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
    }
    if (at + bytesOfId > pool.length) {
      pool = world.randomBytes(poolBytes);
      at = 0;
    }
    const variant = hex[((pool[at] as number) & 0x3f) | 0x80] as string;
    const third = (hex[pool[at + 1] as number] as string)[0];
    at += 2;
    return `${stamp}${third}${next()}-${variant}${next()}-${next()}${next()}${next()}${next()}${next()}${next()}`;
  };
}
