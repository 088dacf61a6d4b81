/** Who is writing to which key just now. */
export class Writers {
  readonly #byName = new Map<string, number>();

  /** Counts a writer for as long as `work` takes. */
  async during(name: string, work: () => Promise<void>): Promise<void> {
    this.#byName.set(name, this.#count(name) + 1);
    try {
      await work();
    } finally {
      const left = this.#count(name) - 1;
      if (left === 0) this.#byName.delete(name);
      else this.#byName.set(name, left);
    }
  }

  /** Is there another beside the one who asks? */
  hasRival(name: string): boolean {
    return this.#count(name) > 1;
  }

  #count(name: string): number {
    return this.#byName.get(name) ?? 0;
  }
}
