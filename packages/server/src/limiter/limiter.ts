import type { Cost, Decision } from '@weir/core/admission';
import type { Caller } from '../tenants/caller.ts';

/** May a caller spend this? Adapters: memory, redis. */
export interface Limiter {
  /** A refusal that is certain without asking anyone, at the least this request can cost. */
  knownRefusal(caller: Caller, leastCost: Cost): Decision | undefined;
  /** Charges all of the caller's quotas or none. */
  take(caller: Caller, cost: Cost): Decision | Promise<Decision>;
  /** Gives back what `take` charged, for a request that was not kept through no fault of its own. */
  refund(caller: Caller, cost: Cost): void;
  /** Charges whether or not there is room for it, up to the burst. */
  charge(caller: Caller, cost: Cost): void;
  /** What is left, quota by quota; charges nothing. */
  peek(caller: Caller): Decision | Promise<Decision>;
}
