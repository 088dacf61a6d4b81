import { expect, test } from 'vitest';
import { makeTenants, type Tenants } from './tenants.ts';
import { parseTenants, type TenantsFile } from './tenants-file.ts';

const ceiling = { bodyBytes: 1000, decodedBytes: 2000, eventBytes: 100, events: 10 };
const quota = { unit: 'requests', tokens: 10, period: '1s', burst: 10 };
const key = (id: string) => ({
  id,
  salt: '00'.repeat(16),
  hash: '00'.repeat(32),
  scopes: ['read'],
});

function tenantsOf(limits?: object): Tenants {
  const file = {
    plans: {
      p: [
        { ...quota, name: 'all', scope: 'tenant' },
        { ...quota, name: 'each', scope: 'key' },
      ],
    },
    tenants: {
      acme: { plan: 'p', keys: [key('aaaaaaaaaaa1'), key('aaaaaaaaaaa2')], limits },
      'acme.all': { plan: 'p', keys: [key('aaaaaaaaaaa3')] },
    },
  };
  return makeTenants(parseTenants(JSON.stringify(file), '.json') as TenantsFile, ceiling);
}

const stateKeys = (tenants: Tenants, id: string) =>
  tenants.keys.get(id)?.caller.quotas.map(({ stateKey }) => stateKey) ?? [];

test('keys of a tenant share a quota of the tenant and have a quota per key apart', () => {
  const tenants = tenantsOf();
  const [all1, each1] = stateKeys(tenants, 'aaaaaaaaaaa1');
  const [all2, each2] = stateKeys(tenants, 'aaaaaaaaaaa2');
  const other = stateKeys(tenants, 'aaaaaaaaaaa3');
  expect(all1).toBe(all2);
  expect(new Set([all1, each1, each2, ...other]).size).toBe(5);
});

test("a tenant's own limits count, up to the server's", () => {
  const limitsOf = (tenants: Tenants) => tenants.keys.get('aaaaaaaaaaa1')?.caller.limits;
  expect(limitsOf(tenantsOf())).toEqual(ceiling);
  const own = { bodyBytes: 500, eventBytes: '1 KiB', events: 3 };
  expect(limitsOf(tenantsOf(own))).toEqual({ ...ceiling, bodyBytes: 500, events: 3 });
});

test('every tenant is known by name, also one without keys', () => {
  expect(tenantsOf().names).toEqual(new Set(['acme', 'acme.all']));
});
