/** How the story of an event ended. */
export type Ending = 'acked' | 'rejected' | 'dropped';

/** Counts what becomes of the events between one `flush` and the next. */
export class Tally {
  /** Tallies count up: a later one has the higher number. */
  readonly number: number;
  outstanding = 0;
  acked = 0;
  rejected = 0;
  dropped = 0;
  readonly #whenEmpty = new Set<() => void>();

  constructor(number: number) {
    this.number = number;
  }

  end(how: Ending): void {
    this[how] += 1;
    this.outstanding -= 1;
    if (this.outstanding > 0) return;
    for (const tell of this.#whenEmpty) tell();
  }

  /** Calls `tell` whenever nothing is outstanding any more; returns how to stop. */
  onEmpty(tell: () => void): () => void {
    this.#whenEmpty.add(tell);
    return () => this.#whenEmpty.delete(tell);
  }
}
