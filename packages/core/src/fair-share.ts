import { checkCount } from './check.ts';
import type { Ms } from './world/world.ts';

/** What a tenant has in a room that it shares with others. */
export interface Holding {
  readonly requests: number;
  readonly bytes: number;
}

/** A shared room: what it holds in all, and at most. */
export interface SharedRoom {
  readonly requests: number;
  readonly bytes: number;
  readonly maxRequests: number;
  readonly maxBytes: number;
}

/** Whether shares count: up to half full, whoever comes may have what there is. */
export function isCrowded({ requests, bytes, maxRequests, maxBytes }: SharedRoom): boolean {
  return 2 * requests > maxRequests || 2 * bytes > maxBytes;
}

const windowEpochs = 6;
const epochMs = 10_000;
const sweptPerNewTenant = 2;

/** One tenant: requests under way, and when it was last heard. */
interface Standing {
  inFlight: number;
  weight: number;
  epoch: number;
}

/**
 * Who may take room that tenants share. Nobody waits: a tenant with too many requests under way, or
 * with more than its share of a room that is over half full, is refused at once.
 *
 * A share is weight ÷ the weights of all tenants heard in the last minute (50 to 60 s, as time goes
 * in steps of 10 s). Bounded by those; who is quiet for longer goes as others come.
 */
export class FairShare {
  readonly #maxInFlight: number;
  readonly #tenants = new Map<string, Standing>();
  /** Weights of the tenants last heard in each of the last epochs, by epoch modulo their number. */
  readonly #weights: number[] = new Array<number>(windowEpochs).fill(0);
  #epoch = 0;
  #sweep = this.#tenants.entries();

  /** @param maxInFlight most requests of one tenant under way at once */
  constructor(maxInFlight: number) {
    checkCount('maxInFlight', maxInFlight);
    this.#maxInFlight = maxInFlight;
  }

  /** Tenants remembered. */
  get size(): number {
    return this.#tenants.size;
  }

  /** The weights of all tenants heard in the last minute, together. */
  get activeWeight(): number {
    let sum = 0;
    for (let i = 0; i < windowEpochs; i += 1) sum += this.#weights[i] as number;
    return sum;
  }

  /** Counts a request in, to be counted out by `leave`; false, and nothing counted, at the bound. */
  enter(tenant: string, weight: number, nowMs: Ms): boolean {
    const epoch = Math.floor(nowMs / epochMs);
    if (epoch !== this.#epoch) this.#turn(epoch);
    const standing = this.#tenants.get(tenant) ?? this.#welcome(tenant);
    if (standing.epoch !== epoch || standing.weight !== weight) this.#hear(standing, weight);
    if (standing.inFlight >= this.#maxInFlight) return false;
    standing.inFlight += 1;
    return true;
  }

  leave(tenant: string): void {
    const standing = this.#tenants.get(tenant);
    if (standing === undefined || standing.inFlight === 0) {
      throw new RangeError(`${tenant} left more often than it entered`);
    }
    standing.inFlight -= 1;
  }

  /** Whether a tenant that was just heard holds more than its share of a room over half full. */
  exceeds(weight: number, held: Holding | undefined, room: SharedRoom): boolean {
    if (held === undefined || !isCrowded(room)) return false;
    const share = weight / Math.max(weight, this.activeWeight);
    return held.requests > share * room.maxRequests || held.bytes > share * room.maxBytes;
  }

  #welcome(tenant: string): Standing {
    this.#dropQuiet();
    const standing: Standing = { inFlight: 0, weight: 0, epoch: this.#epoch };
    this.#tenants.set(tenant, standing);
    return standing;
  }

  /** Moves its weight to the present epoch. */
  #hear(standing: Standing, weight: number): void {
    const weights = this.#weights;
    if (this.#isRecent(standing)) {
      const place = standing.epoch % windowEpochs;
      weights[place] = (weights[place] as number) - standing.weight;
    }
    const place = this.#epoch % windowEpochs;
    weights[place] = (weights[place] as number) + weight;
    standing.weight = weight;
    standing.epoch = this.#epoch;
  }

  /** Forgets the weights of the epochs that are as old as the window. */
  #turn(epoch: number): void {
    const first = Math.max(this.#epoch + 1, epoch - windowEpochs + 1);
    for (let old = first; old <= epoch; old += 1) this.#weights[old % windowEpochs] = 0;
    this.#epoch = epoch;
  }

  #isRecent({ epoch }: Standing): boolean {
    return epoch > this.#epoch - windowEpochs;
  }

  /** Goes on where it stopped, so no request pays for all. */
  #dropQuiet(): void {
    for (let i = 0; i < sweptPerNewTenant; i += 1) {
      const { value, done } = this.#sweep.next();
      if (done) {
        this.#sweep = this.#tenants.entries();
        return;
      }
      const [tenant, standing] = value;
      if (standing.inFlight === 0 && !this.#isRecent(standing)) this.#tenants.delete(tenant);
    }
  }
}
