/** Milliseconds; fractions allowed. */
export type Ms = number;
/** Whole microseconds. Rate state is added to for ever, so its sums must be exact. */
export type Us = number;

/**
 * All that code may ask of time and chance. Production passes `systemWorld`,
 * tests and the simulator pass a `VirtualWorld`; nothing else knows which.
 */
export interface World {
  /** Monotonic, from an arbitrary start: for durations, deadlines and rates. */
  now(): Ms;
  /** Wall clock since 1970: for names and timestamps only, since it may jump. */
  date(): Ms;
  /** Uniform in [0, 1). */
  random(): number;
  /** `count` random bytes, at most 65,536: for names that must never meet another's. */
  randomBytes(count: number): Uint8Array;
  /** Runs `task` once, `delayMs` from now, unless the returned cancel is called first. */
  after(delayMs: Ms, task: () => void): () => void;
}
