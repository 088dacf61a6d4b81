import type { Trouble } from './faults.ts';
import type { RequestKind } from './request-kind.ts';

/** What has happened so far, for tests to count. Grows with the number of keys. */
export class Counts {
  readonly requests: Record<RequestKind, number> = {
    put: 0,
    get: 0,
    head: 0,
    delete: 0,
    list: 0,
    'head-bucket': 0,
    other: 0,
  };
  /** PUTs by key, whatever became of them. */
  readonly attempts: Map<string, number> = new Map();
  /** Objects that were created or replaced, and how many of these were there before. */
  commits = 0;
  replaced = 0;
  committedBytes = 0;
  /** PUTs that would have replaced an object. */
  unconditional = 0;
  /** Errors answered, by their code. */
  readonly errors: Record<string, number> = {};
  /** Troubles drawn by chance that came true. */
  readonly troubles: Partial<Record<Trouble, number>> = {};
  /** Requests cut off by their sender before the body was whole. */
  cutOff = 0;
  connections = 0;
  underWay = 0;
  mostUnderWay = 0;
  /** Attempts by `KIND KEY`: what the faults are drawn for. A listing has no key. */
  readonly seen: Map<string, number> = new Map();

  /** Counts a request that begins; gives the number of the attempt, from 1. */
  begin(kind: RequestKind, key: string): number {
    this.requests[kind] += 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    if (kind === 'put') this.attempts.set(key, (this.attempts.get(key) ?? 0) + 1);
    const name = `${kind} ${key}`;
    const attempt = (this.seen.get(name) ?? 0) + 1;
    this.seen.set(name, attempt);
    return attempt;
  }

  commit(bytes: number, isReplacing: boolean): void {
    this.commits += 1;
    this.committedBytes += bytes;
    if (isReplacing) this.replaced += 1;
  }

  error(code: string): void {
    this.errors[code] = (this.errors[code] ?? 0) + 1;
  }

  trouble(trouble: Trouble): void {
    this.troubles[trouble] = (this.troubles[trouble] ?? 0) + 1;
  }
}
