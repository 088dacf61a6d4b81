import type { QuotaTerms } from './gcra.ts';

// What stands in gcra.vectors.json, for every test that follows it.

/** One step of a vector: what is asked, and all that is known of the answer. */
export interface Step {
  readonly id: string;
  readonly atUs: number;
  readonly cost?: number;
  readonly refund?: number;
  readonly quota?: QuotaTerms;
  readonly allowed?: boolean;
  readonly oversize?: boolean;
  readonly remaining?: number;
  readonly retryAfterUs?: number;
  readonly resetUs?: number;
  readonly nextUs?: number;
  readonly retryAfterS?: number;
  readonly changed?: boolean;
  readonly tatUs?: number;
  readonly rest?: number;
  readonly ttlMs?: number;
  readonly dropped?: boolean;
}

/** Steps on one state. */
export interface Group {
  readonly name: string;
  readonly quota: QuotaTerms;
  readonly steps: readonly Step[];
}
