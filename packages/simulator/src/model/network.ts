import type { Us } from '@weir/core/world/world';

const two32 = 4_294_967_296;

/**
 * How long a message takes there and back. A round trip is drawn by seed, client and number of the
 * request, not in turn: so the same request of two strategies takes the same time.
 */
export class Network {
  readonly #seed: number;
  readonly #fromUs: Us;
  readonly #spanUs: Us;

  /** @param seed of 32 bits */
  constructor(seed: number, [fromMs, toMs]: readonly [number, number]) {
    this.#seed = seed;
    this.#fromUs = Math.round(fromMs * 1_000);
    this.#spanUs = Math.round((toMs - fromMs) * 1_000);
  }

  roundTripUs(client: number, request: number): Us {
    return this.#fromUs + Math.floor(this.lot(client, request) * this.#spanUs);
  }

  /** Uniform in [0, 1), in steps of 2^-32. */
  lot(client: number, request: number): number {
    const hash = mix(mix(this.#seed ^ Math.imul(client + 1, 0x9e_37_79_b1)) ^ request);
    return (hash >>> 0) / two32;
  }
}

/** The finalizer of splitmix32: each bit of what goes in changes half of what comes out. */
function mix(value: number): number {
  let mixed = (value + 0x9e_37_79_b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21_f0_aa_ad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x73_5a_2d_97);
  return mixed ^ (mixed >>> 15);
}
