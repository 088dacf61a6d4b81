import { FairShare, isCrowded } from '@weir/core/fair-share';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import type { Slot, Spool } from '../spool/spool.ts';
import type { Caller } from '../tenants/caller.ts';

export interface FairnessDeps {
  readonly spool: Pick<Spool, 'reserve' | 'room' | 'holding'>;
  readonly world: World;
  /** Most requests of one tenant under way at once. */
  readonly maxInFlight: number;
  readonly counts: { guarded(guard: FairnessGuard): void };
}

/** What a tenant had too much of. */
export type FairnessGuard = 'in_flight' | 'share';

const comeBackMs: Ms = 1_000;
const requestsALook = 64;

/**
 * Gives out the room of the spool so that no tenant can take it from the others. Nobody waits: who
 * has more than its part is told so at once, with a 503 that costs nothing.
 */
export class Fairness {
  readonly #deps: FairnessDeps;
  readonly #share: FairShare;
  #nowMs: Ms = 0;
  #untilLook = 0;

  constructor(deps: FairnessDeps) {
    this.#deps = deps;
    this.#share = new FairShare(deps.maxInFlight);
  }

  /** Room for one request; once it is answered, `leave` must be called unless this refused. */
  reserve(caller: Caller, bytes: number): Slot | Refusal {
    const { spool } = this.#deps;
    const { tenant, weight } = caller;
    const crowded = isCrowded(spool.room);
    this.#look(crowded);
    if (!this.#share.enter(tenant, weight, this.#nowMs)) return this.#refuse('in_flight', caller);
    const exceeds = crowded && this.#share.exceeds(weight, spool.holding(tenant), spool.room);
    const slot = exceeds ? this.#refuse('share', caller) : spool.reserve(bytes);
    if (isRefusal(slot)) this.#share.leave(tenant);
    return slot;
  }

  leave({ tenant }: Caller): void {
    this.#share.leave(tenant);
  }

  /** Who was heard when counts by tens of seconds: a look at each request would be most of its cost. */
  #look(crowded: boolean): void {
    this.#untilLook -= 1;
    if (!crowded && this.#untilLook > 0) return;
    this.#untilLook = requestsALook;
    this.#nowMs = this.#deps.world.now();
  }

  #refuse(guard: FairnessGuard, { tenant, weight }: Caller): Refusal {
    const { counts, world, maxInFlight } = this.#deps;
    counts.guarded(guard);
    const all = this.#share.activeWeight;
    const detail =
      guard === 'share'
        ? `the spool is over half full, and ${tenant} holds more than its share of it, ${weight} of ${all}`
        : `${tenant} has ${maxInFlight} requests under way, the most that one tenant may have`;
    const retryAfterMs = comeBackMs * (1 + world.random());
    return { refused: 'over_capacity', detail, retryAfterMs, members: { reason: guard } };
  }
}
