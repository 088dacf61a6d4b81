import { isRefusal } from '@weir/core/wire/refusal';
import { systemWorld } from '@weir/core/world/system';
import { expect, test } from 'vitest';
import { noLists } from '../guards/access-lists.ts';
import { formatKey, keepKey, newKey } from './key.ts';
import { Keys } from './keys.ts';
import { makeTenants, type Tenants } from './tenants.ts';

const ceiling = { bodyBytes: 1, decodedBytes: 1, eventBytes: 1, events: 1 };

/** Tenants `t0`, `t1` and so on, with a key each. */
function tenantsWith(count: number): { tenants: Tenants; keys: string[] } {
  const made = Array.from({ length: count }, () => newKey(systemWorld));
  const tenants = made.map((key, i) => {
    const kept = { ...keepKey(key, systemWorld), scopes: new Set(['ingest'] as const) };
    return [`t${i}`, { plan: 'p', keys: [kept], limits: {}, weight: 1 }] as const;
  });
  const file = { plans: new Map([['p', []]]), tenants: new Map(tenants), lists: noLists };
  return { tenants: makeTenants(file, ceiling), keys: made.map(formatKey) };
}

const basic = (user: string) => `Basic ${Buffer.from(`${user}:anything`).toString('base64')}`;

test('a key tells whose it is, as Bearer and as user name of Basic', () => {
  const { tenants, keys } = tenantsWith(2);
  const subject = new Keys(tenants);
  expect(subject.authenticate(`Bearer ${keys[0]}`)).toMatchObject({ tenant: 't0' });
  expect(subject.authenticate(`bearer ${keys[1]}`)).toMatchObject({ tenant: 't1' });
  expect(subject.authenticate(basic(keys[1] as string))).toMatchObject({ tenant: 't1' });
});

test('a key is the same caller at every request, also after its first', () => {
  const { tenants, keys } = tenantsWith(1);
  const subject = new Keys(tenants);
  const first = subject.authenticate(`Bearer ${keys[0]}`);
  expect(isRefusal(first)).toBe(false);
  expect(subject.authenticate(`Bearer ${keys[0]}`)).toBe(first);
  expect(subject.authenticate(basic(keys[0] as string))).toBe(first);
});

test.each([
  ['nothing', undefined],
  ['an empty header', ''],
  ['another scheme', 'Digest username="x"'],
  ['no key of this form', 'Bearer hunter2'],
  ['a key of the right form that nobody has', `Bearer weir_abcdefghijkl_${'s'.repeat(43)}`],
  ['Basic with something else', basic('admin')],
  ['Basic with no base64', 'Basic %%%'],
])('%s is refused with what was expected, and shows nothing of it', (_, header) => {
  const refusal = new Keys(tenantsWith(1).tenants).authenticate(header);
  expect(refusal).toMatchObject({
    refused: 'unauthorized',
    detail: expect.stringContaining('expected `Authorization: Bearer weir_…`'),
  });
  expect(JSON.stringify(refusal)).not.toMatch(/hunter2|sssss|admin|abcdefghijkl/);
});

test('the right id with another secret is refused, also after the right one was seen', () => {
  const { tenants, keys } = tenantsWith(1);
  const subject = new Keys(tenants);
  const key = keys[0] as string;
  subject.authenticate(`Bearer ${key}`);
  const last = key.endsWith('0') ? '1' : '0';
  const wrong = subject.authenticate(`Bearer ${key.slice(0, -1)}${last}`);
  expect(wrong).toMatchObject({ refused: 'unauthorized' });
  expect(subject.authenticate(`Bearer ${key} `)).toMatchObject({ tenant: 't0' });
});

test('a wrong secret and an unknown id get the very same answer', () => {
  const { tenants, keys } = tenantsWith(1);
  const subject = new Keys(tenants);
  const wrong = `${(keys[0] as string).slice(0, 18)}${'0'.repeat(43)}`;
  const unknown = `weir_aaaaaaaaaaaa_${'0'.repeat(43)}`;
  expect(subject.authenticate(`Bearer ${wrong}`)).toBe(subject.authenticate(`Bearer ${unknown}`));
});

test('a revoked key is refused at its next request, however often it was used before', () => {
  const { tenants, keys } = tenantsWith(1);
  const subject = new Keys(tenants);
  subject.authenticate(`Bearer ${keys[0]}`);
  subject.swap(tenantsWith(1).tenants);
  expect(subject.authenticate(`Bearer ${keys[0]}`)).toMatchObject({ refused: 'unauthorized' });
});

test('more headers than are remembered are still told apart', () => {
  const { tenants, keys } = tenantsWith(1);
  const subject = new Keys(tenants);
  const key = keys[0] as string;
  for (let i = 0; i < 10_050; i += 1) {
    const pair = Buffer.from(`${key}:${i}`).toString('base64');
    expect(isRefusal(subject.authenticate(`Basic ${pair}`))).toBe(false);
  }
  expect(subject.authenticate(`Bearer ${key}`)).toMatchObject({ tenant: 't0' });
});

test('a header of any length is understood', () => {
  const { tenants, keys } = tenantsWith(1);
  const subject = new Keys(tenants);
  const pair = Buffer.from(`${keys[0]}:${'p'.repeat(10_000)}`).toString('base64');
  for (let i = 0; i < 2; i += 1) {
    expect(subject.authenticate(`Basic ${pair}`)).toMatchObject({ tenant: 't0' });
  }
});
