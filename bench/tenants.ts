import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server whose only tenant has spent its quota for today with the first request. */
export async function refusingTenants(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const secret = 'b'.repeat(43);
  const salt = randomBytes(16);
  const id = 'benchbench00';
  const file = {
    plans: {
      tiny: [{ name: 'req', unit: 'requests', tokens: 1, period: '1d', burst: 1, scope: 'tenant' }],
    },
    tenants: {
      bench: {
        plan: 'tiny',
        keys: [
          {
            id,
            salt: salt.toString('hex'),
            hash: createHash('sha256').update(salt).update(secret).digest('hex'),
            scopes: ['ingest'],
          },
        ],
      },
    },
  };
  const path = join(folder, 'tenants.json');
  await writeFile(path, JSON.stringify(file));
  return { WEIR_TENANTS: path, BENCH_KEY: `weir_${id}_${secret}` };
}
