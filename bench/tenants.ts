import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TenantsFile {
  readonly path: string;
  /** A key of each tenant. */
  readonly keys: readonly string[];
}

const wide = { period: '1s', scope: 'tenant' };
const plans: Readonly<Record<'wide' | 'tiny', readonly object[]>> = {
  wide: [{ name: 'req', unit: 'requests', tokens: 1_000_000, burst: 1_000_000, ...wide }],
  tiny: [{ name: 'req', unit: 'requests', tokens: 1, burst: 1, ...wide, period: '1d' }],
};

/** `count` tenants with a key each, on a plan without end or on one of a single request a day. */
export async function tenantsFile(count: number, plan: keyof typeof plans): Promise<TenantsFile> {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-bench-')), 'tenants.json');
  const made = Array.from({ length: count }, (_, i) => tenant(i, plan));
  const tenants = Object.fromEntries(made.map(({ name, entry }) => [name, entry]));
  await writeFile(path, JSON.stringify({ plans, tenants }));
  return { path, keys: made.map(({ key }) => key) };
}

/** A tenant for each of these numbers of requests a second, which is its burst as well. */
export async function quotaFile(perSecond: readonly number[]): Promise<TenantsFile> {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-bench-')), 'tenants.json');
  const made = perSecond.map((tokens, i) => ({ tokens, ...tenant(i, `plan-${i}`) }));
  const own = made.map(({ tokens }, i) => [
    `plan-${i}`,
    [{ name: 'req', unit: 'requests', tokens, burst: tokens, ...wide }],
  ]);
  const tenants = Object.fromEntries(made.map(({ name, entry }) => [name, entry]));
  await writeFile(path, JSON.stringify({ plans: Object.fromEntries(own), tenants }));
  return { path, keys: made.map(({ key }) => key) };
}

function tenant(i: number, plan: string) {
  const id = `bench${`${i}`.padStart(7, '0')}`;
  const secret = 'b'.repeat(43);
  const salt = randomBytes(16);
  const hash = createHash('sha256').update(salt).update(secret).digest('hex');
  const keys = [{ id, salt: salt.toString('hex'), hash, scopes: ['ingest'] }];
  return { name: `bench-${i}`, entry: { plan, keys }, key: `weir_${id}_${secret}` };
}
