import { AccessLists } from '../guards/access-lists.ts';
import type { Caller, CallerQuota, RequestLimits } from './caller.ts';
import type { PlanQuota, Tenant, TenantLimits, TenantsFile } from './tenants-file.ts';

/** What a key must hash to, and who it is then. */
export interface KeyEntry {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
  readonly caller: Caller;
}

/** Everyone who may call, by key id. Never changes: a changed file makes another. */
export interface Tenants {
  readonly keys: ReadonlyMap<string, KeyEntry>;
  readonly names: ReadonlySet<string>;
  readonly lists: AccessLists;
}

/** @param ceiling the server's own caps, which no tenant's exceed */
export function makeTenants(file: TenantsFile, ceiling: RequestLimits): Tenants {
  const keys = new Map<string, KeyEntry>();
  const lists = new AccessLists(file.lists);
  for (const [name, tenant] of file.tenants) {
    const plan = file.plans.get(tenant.plan) ?? [];
    for (const [id, { caller, ...kept }] of entriesOf(name, tenant, plan, ceiling)) {
      keys.set(id, { ...kept, caller: listed(caller, lists) });
    }
  }
  return { keys, names: new Set(file.tenants.keys()), lists };
}

function listed(caller: Unlisted, lists: AccessLists): Caller {
  const { tenant, keyId } = caller;
  return {
    ...caller,
    isDenied: lists.deniesCaller(tenant, keyId),
    isAllowed: lists.allowsCaller(tenant, keyId),
  };
}

type Unlisted = Omit<Caller, 'isDenied' | 'isAllowed'>;
type UnlistedEntry = Omit<KeyEntry, 'caller'> & { readonly caller: Unlisted };

function entriesOf(
  name: string,
  { keys, limits, weight }: Tenant,
  plan: readonly PlanQuota[],
  ceiling: RequestLimits,
): [string, UnlistedEntry][] {
  const applied = applyLimits(limits, ceiling);
  return keys.map(({ id, salt, hash, scopes }) => {
    const quotas = plan.map((quota) => quotaOf(quota, name, id));
    const caller = { tenant: name, keyId: id, weight, scopes, quotas, limits: applied };
    return [id, { salt, hash, caller }];
  });
}

/** No name holds a slash, so a key's own state never meets its tenant's. */
function quotaOf(planned: PlanQuota, tenant: string, id: string): CallerQuota {
  const { name, scope } = planned;
  return {
    ...planned,
    stateKey: scope === 'key' ? `${tenant}/${id}/${name}` : `${tenant}/${name}`,
  };
}

function applyLimits(own: TenantLimits, ceiling: RequestLimits): RequestLimits {
  return {
    bodyBytes: Math.min(own.bodyBytes ?? Infinity, ceiling.bodyBytes),
    decodedBytes: Math.min(own.decodedBytes ?? Infinity, ceiling.decodedBytes),
    eventBytes: Math.min(own.eventBytes ?? Infinity, ceiling.eventBytes),
    events: Math.min(own.events ?? Infinity, ceiling.events),
  };
}
