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

/** The tallies of one client: those that are awaited, and the one that counts what comes now. */
export class Tallies {
  #current: Tally = new Tally(0);
  #open: Tally[] = [this.#current];

  get current(): Tally {
    return this.#current;
  }

  /** Ends the current one; returns it and those before that still have something outstanding. */
  next(): readonly Tally[] {
    const ended = this.#current;
    this.#open = this.#open.filter((one) => one === ended || one.outstanding > 0);
    const counted = [...this.#open];
    this.#current = new Tally(ended.number + 1);
    this.#open.push(this.#current);
    return counted;
  }

  /** Whether somebody waits for its events. */
  isAwaited({ number }: Tally): boolean {
    return number < this.#current.number;
  }
}
