import { checkWhole } from '../check.ts';

/** A source of chance that repeats itself for the same seed, on every engine. */
export interface Random {
  /** Uniform in [0, 1), in steps of 2^-53. */
  uniform(): number;
  bytes(count: number): Uint8Array;
}

const two26 = 67_108_864;
const two32 = 4_294_967_296;
const two53 = 9_007_199_254_740_992;

/**
 * Not for secrets: whoever sees a few numbers can tell the rest. Neighbouring seeds are unlike. Small
 * Fast Counter by Chris Doty-Humphrey: 128 bits of state, whole numbers of 32 bits. The state lies
 * beside what draws from it, since a simulation has ten thousand of these and finds each in no cache.
 */
export function seededRandom(seed: number): Random {
  checkWhole('seed', seed);
  const seeds = splitmix32(seed % two32, Math.floor(seed / two32));
  let a = seeds();
  let b = seeds();
  let c = seeds();
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i += 1) next(); // until each bit of the seed has reached all of the state
  return {
    uniform: () => ((next() >>> 5) * two26 + (next() >>> 6)) / two53,
    bytes(count) {
      const made = new Uint8Array(count);
      for (let i = 0; i < count; i += 1) made[i] = next() >>> 24;
      return made;
    },
  };
}

/** Chance of its own for each name under one seed: what one stream draws, no other notices. */
export function streamOf(seed: number, name: string): Random {
  checkWhole('seed', seed);
  const spread = splitmix32(seed % two32, Math.floor(seed / two32));
  return seededRandom((spread() >>> 11) * two32 + (hashOf(name, spread()) >>> 0));
}

/** FNV-1a over UTF-16 units, begun anew for each seed. */
function hashOf(text: string, start: number): number {
  let hash = start ^ 0x81_1c_9d_c5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01_00_01_93);
  }
  return hash;
}

/** Spreads the two halves of a seed over as many words as are asked for. */
function splitmix32(low: number, high: number): () => number {
  let state = (low ^ Math.imul(high, 0x85_eb_ca_6b)) | 0;
  return () => {
    state = (state + 0x9e_37_79_b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21_f0_aa_ad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x73_5a_2d_97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
}
