import type { Ms } from './world.ts';

export interface DueTask {
  readonly atMs: Ms;
  readonly task: () => void;
}

const children = 4; // as many as one line of the cache holds
const firstCapacity = 64;

/**
 * Tasks by the time they are due; equal times come out in the order they went in. Each is known by
 * a number, used again once it is done, so that pushing allocates little and cancelling really
 * removes: what is cancelled holds no memory until its time.
 */
export class EventHeap {
  #size = 0;
  #pushed = 0;
  #heap = new Int32Array(firstCapacity); // place → number
  #place = new Int32Array(firstCapacity); // number → place, -1 where the number is free
  #atMs = new Float64Array(firstCapacity); // by number
  #order = new Float64Array(firstCapacity); // by number
  readonly #tasks: ((() => void) | undefined)[] = []; // by number
  readonly #free: number[] = [];

  get size(): number {
    return this.#size;
  }

  /** Returns its cancel, which does nothing once the task was taken out. */
  push(atMs: Ms, task: () => void): () => void {
    const id = this.#free.pop() ?? this.#size; // without a free number, all below `size` are in use
    if (id === this.#heap.length) this.#grow();
    const order = this.#pushed;
    this.#pushed += 1;
    this.#atMs[id] = atMs;
    this.#order[id] = order;
    this.#tasks[id] = task;
    this.#size += 1;
    this.#rise(this.#size - 1, id);
    return () => {
      const place = this.#place[id] as number;
      if (place >= 0 && this.#order[id] === order) this.#remove(place);
    };
  }

  /** Takes out the next task, unless it is due later than `untilMs`. */
  popUntil(untilMs: Ms): DueTask | undefined {
    if (this.#size === 0) return undefined;
    const id = this.#heap[0] as number;
    const atMs = this.#atMs[id] as number;
    if (atMs > untilMs) return undefined;
    const task = this.#tasks[id] as () => void;
    this.#remove(0);
    return { atMs, task };
  }

  #remove(place: number): void {
    const id = this.#heap[place] as number;
    this.#place[id] = -1;
    this.#tasks[id] = undefined;
    this.#free.push(id);
    this.#size -= 1;
    if (place === this.#size) return;
    const moved = this.#heap[this.#size] as number;
    this.#rise(this.#sink(place, moved), moved);
  }

  /** Puts `id` at `place` or as far above it as it belongs. */
  #rise(from: number, id: number): void {
    let place = from;
    while (place > 0) {
      const above = Math.floor((place - 1) / children);
      const parent = this.#heap[above] as number;
      if (this.#isBefore(parent, id)) break;
      this.#put(place, parent);
      place = above;
    }
    this.#put(place, id);
  }

  /** Lifts what belongs above `id` out of its way; returns the place that is left for it. */
  #sink(from: number, id: number): number {
    let place = from;
    for (;;) {
      const first = place * children + 1;
      if (first >= this.#size) return place;
      const least = this.#leastOf(first, Math.min(first + children, this.#size));
      const child = this.#heap[least] as number;
      if (this.#isBefore(id, child)) return place;
      this.#put(place, child);
      place = least;
    }
  }

  #leastOf(first: number, end: number): number {
    let least = first;
    for (let place = first + 1; place < end; place += 1) {
      if (this.#isBefore(this.#heap[place] as number, this.#heap[least] as number)) least = place;
    }
    return least;
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#atMs[a] as number) - (this.#atMs[b] as number);
    if (difference !== 0) return difference < 0;
    return (this.#order[a] as number) < (this.#order[b] as number);
  }

  #put(place: number, id: number): void {
    this.#heap[place] = id;
    this.#place[id] = place;
  }

  #grow(): void {
    const capacity = this.#heap.length * 2;
    const grown = <A extends Int32Array | Float64Array>(made: A, old: A): A => {
      made.set(old);
      return made;
    };
    this.#heap = grown(new Int32Array(capacity), this.#heap);
    this.#place = grown(new Int32Array(capacity), this.#place);
    this.#atMs = grown(new Float64Array(capacity), this.#atMs);
    this.#order = grown(new Float64Array(capacity), this.#order);
  }
}
