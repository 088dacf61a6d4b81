import type { World } from '@weir/core/world/world';
import type { Settings } from '../config.ts';
import { type Hints, MemoryHints } from '../limiter/hints.ts';
import { Fairness, type FairnessDeps } from './fairness.ts';

/** What stands beside the quotas. */
export interface Guards {
  readonly fairness: Fairness;
  readonly hints: Hints;
}

export interface GuardDeps extends Pick<FairnessDeps, 'spool' | 'counts'> {
  readonly world: World;
}

export function startGuards(
  { maxInFlight }: Settings,
  { spool, world, counts }: GuardDeps,
): Guards {
  return {
    fairness: new Fairness({ spool, world, maxInFlight, counts }),
    hints: new MemoryHints(world),
  };
}
