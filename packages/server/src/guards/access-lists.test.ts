import { expect, test } from 'vitest';
import { AccessLists, isNetwork, noNames } from './access-lists.ts';

test('addresses are listed one by one or by network', () => {
  const addresses = ['192.0.2.7', '10.0.0.0/8', '2001:db8:1::/48', '2001:db8:2::5'];
  const lists = new AccessLists({ allow: noNames, deny: { ...noNames, addresses } });
  const denied = ['192.0.2.7', '10.255.0.1', '2001:db8:1:7::', '2001:db8:2:0::'];
  const free = ['192.0.2.8', '11.0.0.1', '2001:db8:3:7::', '2001:db8:2:1::'];
  for (const address of denied) expect(lists.deniesAddress(address), address).toBe(true);
  for (const address of free) expect(lists.deniesAddress(address), address).toBe(false);
  expect(lists.allowsAddress('192.0.2.7')).toBe(false);
  expect(lists.namesAddresses).toBe(true);
});

test('callers are listed by tenant or by key', () => {
  const deny = { ...noNames, tenants: ['acme'], keys: ['k00000000001'] };
  const lists = new AccessLists({ allow: { ...noNames, tenants: ['globex'] }, deny });
  expect(lists.deniesCaller('acme', 'k00000000009')).toBe(true);
  expect(lists.deniesCaller('globex', 'k00000000001')).toBe(true);
  expect(lists.deniesCaller('globex', 'k00000000002')).toBe(false);
  expect(lists.allowsCaller('globex', 'k00000000002')).toBe(true);
  expect(lists.namesAddresses).toBe(false);
});

test('knows what is a network', () => {
  for (const right of ['1.2.3.4', '0.0.0.0/0', '::/0', '2001:db8::/128']) {
    expect(isNetwork(right), right).toBe(true);
  }
  for (const wrong of [
    '',
    '1.2.3',
    '1.2.3.4/33',
    '::/129',
    '1.2.3.4/',
    '1.2.3.4/8/8',
    'fe80::1%e',
  ]) {
    expect(isNetwork(wrong), wrong).toBe(false);
  }
});
