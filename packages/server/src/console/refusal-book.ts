import type { Refusal, RefusalCode } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import type { Caller } from '../tenants/caller.ts';

/** One of the last refusals. Nothing of its request but its size of delay: no key, no content. */
export interface NotedRefusal {
  /** Wall clock. */
  readonly atMs: Ms;
  /** Absent where nobody knows who asked. */
  readonly tenant: string | undefined;
  readonly code: RefusalCode;
  /** Names of quotas, or what else a refusal's code leaves open. */
  readonly reason: string | undefined;
  readonly retryAfterMs: Ms | undefined;
}

const mostNoted = 100;
const mostTenants = 1_000;

/** The last 100 refusals, and how many each tenant had; beyond 1,000 tenants the rest share a count. */
export class RefusalBook {
  readonly #world: World;
  readonly #refusals: (Refusal | undefined)[] = new Array(mostNoted).fill(undefined);
  readonly #tenants: (string | undefined)[] = new Array(mostNoted).fill(undefined);
  readonly #atMs = new Float64Array(mostNoted);
  readonly #counts = new Map<string, number>();
  #next = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** A few stores and one look-up: under overload this is the hot path. */
  note(refusal: Refusal, caller: Caller | undefined): void {
    const tenant = caller?.tenant;
    this.#refusals[this.#next] = refusal;
    this.#tenants[this.#next] = tenant;
    this.#atMs[this.#next] = this.#world.date();
    this.#next = (this.#next + 1) % mostNoted;
    if (tenant === undefined) return;
    const count = this.#counts.get(tenant);
    if (count !== undefined) this.#counts.set(tenant, count + 1);
    else if (this.#counts.size < mostTenants) this.#counts.set(tenant, 1);
    else this.#counts.set(others, (this.#counts.get(others) ?? 0) + 1);
  }

  countOf(tenant: string): number {
    return this.#counts.get(tenant) ?? 0;
  }

  /** The newest first. */
  last(): NotedRefusal[] {
    const noted: NotedRefusal[] = [];
    for (let back = 1; back <= mostNoted; back += 1) {
      const place = (this.#next - back + mostNoted) % mostNoted;
      const refusal = this.#refusals[place];
      if (refusal === undefined) break;
      const { refused: code, retryAfterMs } = refusal;
      const atMs = this.#atMs[place] as number;
      const tenant = this.#tenants[place];
      noted.push({ atMs, tenant, code, reason: reasonOf(refusal), retryAfterMs });
    }
    return noted;
  }
}

const others = '_other';

/** Only what is made of names in the tenants file; a refusal's sentence may tell of its body. */
function reasonOf({ members = {} }: Refusal): string | undefined {
  const { 'violated-policies': quotas, quota, reason } = members as Record<string, unknown>;
  if (Array.isArray(quotas)) return quotas.join(', ');
  return [quota, reason].find((name) => typeof name === 'string');
}
