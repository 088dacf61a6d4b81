import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { compileQuota } from '@weir/core/gcra';
import type { World } from '@weir/core/world/world';
import { noLists } from '../guards/access-lists.ts';
import { hasProblems, type Problems } from '../problems.ts';
import { formatKey, type Key, keepKey, newKey, parseKey } from './key.ts';
import type { PlanQuota, TenantsFile } from './tenants-file.ts';

/** Who calls a server that has no tenants file. */
export const devTenant = 'dev';

/** Far more than a trial needs, yet small enough that every header has something to say. */
const plan: readonly PlanQuota[] = [
  quota('requests', 'requests', 100_000),
  quota('events', 'events', 1_000_000),
  quota('bytes', 'bytes', 1_073_741_824),
];

function quota(name: string, unit: PlanQuota['unit'], perSecond: number): PlanQuota {
  const terms = { tokens: perSecond, periodUs: 1_000_000, burst: perSecond };
  const quota = compileQuota(terms);
  return { name, unit, scope: 'tenant', quota, shadow: false, onTrouble: 'local' };
}

/** The one tenant of a server without a tenants file, and the key that it is called with. */
export interface Development {
  readonly file: TenantsFile;
  /** `weir_KEYID_SECRET`, to be shown to whoever started the server. */
  readonly key: string;
}

/**
 * Reads the development key from `path`, or makes it there, once, readable by its owner alone: two
 * servers that start at the same time get the same one.
 */
export async function openDevelopment(path: string, world: World): Promise<Development | Problems> {
  const key = (await readKey(path)) ?? (await makeKey(path, world));
  if (hasProblems(key)) return key;
  const kept = { ...keepKey(key, world), scopes: new Set(['ingest', 'read'] as const) };
  const tenant = { plan: devTenant, keys: [kept], limits: {}, weight: 1 };
  const file = {
    plans: new Map([[devTenant, plan]]),
    tenants: new Map([[devTenant, tenant]]),
    lists: noLists,
  };
  return { file, key: formatKey(key) };
}

async function readKey(path: string): Promise<Key | Problems | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  await chmod(path, 0o600);
  const key = parseKey(text.trim());
  return key ?? { problems: [`${path}: holds no key; remove it, and the next start makes one`] };
}

async function makeKey(path: string, world: World): Promise<Key | Problems> {
  const key = newKey(world);
  const draft = `${path}.${key.id}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, `${formatKey(key)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path); // whole or not at all, and only the first one wins
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readKey(path)) ?? key;
  } finally {
    await rm(draft, { force: true });
  }
}
