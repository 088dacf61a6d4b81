import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

/** A key as its owner holds it, and as the file of tenants keeps it. */
export interface TestKey {
  readonly text: string;
  readonly entry: {
    readonly id: string;
    readonly salt: string;
    readonly hash: string;
    readonly scopes: readonly string[];
  };
}

export interface TestQuota {
  readonly name: string;
  readonly unit: 'requests' | 'events' | 'bytes';
  readonly tokens: number;
  readonly period: string;
  readonly burst: number;
  readonly shadow?: boolean;
  readonly onTrouble?: 'local' | 'open' | 'closed';
}

export interface TestTenant {
  readonly keys: readonly TestKey[];
  readonly quotas?: readonly TestQuota[];
  readonly limits?: Readonly<Record<string, number>>;
}

/** Makes a key from the documented format alone, without weir's code. */
export function makeKey(scopes: readonly string[] = ['ingest', 'read']): TestKey {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(22).toString('hex').slice(0, 43);
  const salt = randomBytes(16);
  const hash = createHash('sha256').update(salt).update(secret).digest('hex');
  return { text: `weir_${id}_${secret}`, entry: { id, salt: salt.toString('hex'), hash, scopes } };
}

const ample: TestQuota = {
  name: 'ample',
  unit: 'requests',
  tokens: 1_000_000,
  period: '1s',
  burst: 1_000_000,
};

/** Writes a file of tenants; each has a plan of its own, an ample one unless it names quotas. */
export async function writeTenants(
  path: string,
  tenants: Readonly<Record<string, TestTenant>>,
): Promise<void> {
  const file = { plans: {} as Record<string, unknown>, tenants: {} as Record<string, unknown> };
  for (const [index, [name, { keys, quotas = [ample], limits }]] of Object.entries(
    tenants,
  ).entries()) {
    const plan = `plan-${index}`;
    file.plans[plan] = quotas.map((quota) => ({ ...quota, scope: 'tenant' }));
    file.tenants[name] = { plan, keys: keys.map(({ entry }) => entry), limits };
  }
  await writeFile(path, JSON.stringify(file, null, 2));
}
