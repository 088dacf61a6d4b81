/** Which trace a receipt of this process belongs to; the newest 10,000 sampled ones are known. */
export class RecentTraces {
  readonly #traces = new Map<string, string>();

  add(receipt: string, traceId: string): void {
    this.#traces.set(receipt, traceId);
    if (this.#traces.size <= mostTraces) return;
    for (const oldest of this.#traces.keys()) {
      this.#traces.delete(oldest);
      break;
    }
  }

  of(receipt: string): string | undefined {
    return this.#traces.get(receipt);
  }
}

const mostTraces = 10_000;
