import { expect, test } from 'vitest';
import { readLists } from './lists-file.ts';

function read(lists: unknown) {
  const problems: string[] = [];
  const file = readLists(lists, new Set(['acme']), (path, problem) => {
    problems.push(`${path.join('.')}: ${problem}`);
  });
  return { file, problems };
}

test('without lists nobody is on any', () => {
  const none = { addresses: [], tenants: [], keys: [] };
  expect(read(undefined)).toEqual({ file: { allow: none, deny: none }, problems: [] });
});

test('what is listed is read', () => {
  const deny = { addresses: ['192.0.2.0/24'], tenants: ['acme'], keys: ['k00000000001'] };
  const { file, problems } = read({ deny, allow: { addresses: ['::1'] } });
  expect(problems).toEqual([]);
  expect(file.deny).toEqual(deny);
  expect(file.allow.addresses).toEqual(['::1']);
});

test('everything that is wrong is told of, with its place', () => {
  const { problems } = read({
    deny: { addresses: ['192.0.2.0/33', 7], tenants: ['acne'], keys: ['K1'], hosts: [] },
    allow: { addresses: '10.0.0.1' },
    block: {},
  });
  expect(problems).toEqual([
    'block: unknown, and so not obeyed',
    'allow.addresses: expected a list of addresses such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32, given "10.0.0.1"',
    'deny.hosts: unknown, and so not obeyed',
    'deny.addresses.0: expected addresses such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32, given "192.0.2.0/33"',
    'deny.addresses.1: expected addresses such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32, given 7',
    'deny.tenants.0: expected names of tenants of this file, given "acne"',
    'deny.keys.0: expected ids of keys, 12 of a-z0-9, given "K1"',
  ]);
  expect(read([]).problems).toEqual([': expected a map of allow, deny, given []']);
});
