import type { Us } from '@weir/core/world/world';

const fractionBits = 9;
const perOctave = 1 << fractionBits;
const unitUs = 16;
const octaves = 33 - fractionBits;

/**
 * Counts durations in cells of 0.2 % of their size, so that a run of any length holds the same
 * memory. Exact to 16 µs below 8 ms; beyond 19 hours all count as that.
 */
export class LatencyHistogram {
  readonly #cells = new Uint32Array(perOctave * octaves);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(us: Us, times = 1): void {
    const units = Math.min(4_294_967_295, Math.floor(us / unitUs));
    const cell = cellOf(units);
    this.#cells[cell] = (this.#cells[cell] as number) + times;
    this.#count += times;
  }

  /** The duration that a share of all do not exceed; 0 where nothing was counted. */
  quantileUs(share: number): Us {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let cell = 0; cell < this.#cells.length; cell += 1) {
      seen += this.#cells[cell] as number;
      if (seen >= rank) return leastOf(cell) * unitUs;
    }
    return 0;
  }
}

function cellOf(units: number): number {
  const shift = Math.max(0, 31 - fractionBits - Math.clz32(units));
  return shift * perOctave + (units >>> shift);
}

function leastOf(cell: number): number {
  const shift = Math.max(0, Math.floor(cell / perOctave) - 1);
  return (cell - shift * perOctave) * powerOfTwo(shift);
}

function powerOfTwo(exponent: number): number {
  return exponent < 31 ? 1 << exponent : 2 * (1 << 30);
}
