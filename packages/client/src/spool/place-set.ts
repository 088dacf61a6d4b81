/** Both ends belong to it. */
export type PlaceRange = readonly [first: number, last: number];

/** Places as ranges: those that follow on each other become one. */
export function rangesOf(places: readonly number[]): PlaceRange[] {
  const ranges: [number, number][] = [];
  for (const place of [...places].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && place <= last[1] + 1) last[1] = Math.max(last[1], place);
    else ranges.push([place, place]);
  }
  return ranges;
}

/** The same, in the order in which they are given. */
export function runsOf(places: readonly number[]): PlaceRange[] {
  const runs: [number, number][] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last !== undefined && place === last[1] + 1) last[1] = place;
    else runs.push([place, place]);
  }
  return runs;
}

/** Whole numbers, kept as ranges in order: small where they lie together. */
export class PlaceSet {
  #ranges: [number, number][] = [];

  add([first, last]: PlaceRange): void {
    const from = this.#search(first - 1);
    let to = from;
    let low = first;
    let high = last;
    for (; to < this.#ranges.length; to += 1) {
      const [start, end] = this.#ranges[to] as [number, number];
      if (start > last + 1) break;
      low = Math.min(low, start);
      high = Math.max(high, end);
    }
    this.#ranges.splice(from, to - from, [low, high]);
  }

  has(place: number): boolean {
    const found = this.#ranges[this.#search(place)];
    return found !== undefined && found[0] <= place;
  }

  /** How many of them lie from `first` to `last`. */
  countIn([first, last]: PlaceRange): number {
    let count = 0;
    if (last < first) return count;
    for (let i = this.#search(first); i < this.#ranges.length; i += 1) {
      const [start, end] = this.#ranges[i] as [number, number];
      if (start > last) break;
      count += Math.min(end, last) - Math.max(start, first) + 1;
    }
    return count;
  }

  /** All of it, in order. */
  ranges(): readonly PlaceRange[] {
    return this.#ranges;
  }

  /** Forgets all below `place`. */
  dropBelow(place: number): void {
    this.#ranges = this.#ranges
      .filter(([, end]) => end >= place)
      .map(([start, end]) => [Math.max(start, place), end]);
  }

  /** The first range that ends at `place` or beyond. */
  #search(place: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as [number, number])[1] < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
