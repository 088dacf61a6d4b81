import type { Strategy } from '../model/strategy.ts';
import { lonely } from './rival.ts';

const waitMs = 1_000;

/** What a loop with a `sleep` in it does. */
export const fixed: Strategy = lonely('fixed', 'tries again after 1 s, whatever is said', () => ({
  beforeMs: () => 0,
  afterMs: () => waitMs,
}));
