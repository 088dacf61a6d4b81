import type { QuotaTerms, Verdict } from './gcra.ts';

/** What is said of a decision. */
type Said = Omit<Verdict, 'next' | 'changed'>;

/** The law in numbers that cannot round, written down a second time and as plainly as possible. */
export class BigModel {
  readonly #p: bigint;
  readonly #r: bigint;
  readonly #cap: bigint;
  /** Instant, in 1/r µs, at which nothing is owed; 0 once it is paid. */
  #even = 0n;

  constructor({ tokens, periodUs, burst }: QuotaTerms) {
    let [a, b] = [BigInt(tokens), BigInt(periodUs)];
    while (b > 0n) [a, b] = [b, a % b];
    this.#p = BigInt(periodUs) / a;
    this.#r = BigInt(tokens) / a;
    this.#cap = BigInt(burst) * this.#p;
  }

  take(nowUs: number, cost: number): Said {
    const debt = this.#debt(nowUs);
    const charge = BigInt(cost) * this.#p;
    const lacking = debt + charge - this.#cap;
    const allowed = lacking <= 0n;
    const oversize = charge > this.#cap;
    const after = this.#owe(nowUs, allowed ? debt + charge : debt);
    const remaining = (this.#cap - after) / this.#p;
    return {
      allowed,
      oversize,
      remaining: Number(remaining),
      retryAfterUs: allowed ? 0 : oversize ? Infinity : this.#us(lacking),
      resetUs: this.#us(after),
      nextUs: after === 0n ? 0 : this.#us((remaining + 1n) * this.#p - (this.#cap - after)),
    };
  }

  refund(nowUs: number, tokens: number): void {
    const left = this.#debt(nowUs) - BigInt(tokens) * this.#p;
    this.#owe(nowUs, left > 0n ? left : 0n);
  }

  charge(nowUs: number, tokens: number): void {
    const debt = this.#debt(nowUs) + BigInt(tokens) * this.#p;
    this.#owe(nowUs, debt < this.#cap ? debt : this.#cap);
  }

  raise(nowUs: number, tokens: number): void {
    const least = BigInt(tokens) * this.#p;
    const debt = this.#debt(nowUs);
    const after = debt > least ? debt : least;
    this.#owe(nowUs, after < this.#cap ? after : this.#cap);
  }

  #debt(nowUs: number): bigint {
    const owed = this.#even - BigInt(nowUs) * this.#r;
    if (owed <= 0n) return 0n;
    return owed < this.#cap ? owed : this.#cap;
  }

  #owe(nowUs: number, debt: bigint): bigint {
    this.#even = debt === 0n ? 0n : BigInt(nowUs) * this.#r + debt;
    return debt;
  }

  #us(debt: bigint): number {
    return Number((debt + this.#r - 1n) / this.#r);
  }
}
