import { expect, test } from 'vitest';
import { isLoopback, parseAddress, sourceOf } from './source-address.ts';

const forwarded = (list?: string) => (list === undefined ? {} : { 'x-forwarded-for': list });

test('an IPv6 address counts by its /64, an IPv4 address by itself', () => {
  expect(parseAddress('192.0.2.7')).toBe('192.0.2.7');
  expect(parseAddress('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(parseAddress('2001:db8:0:1:aaaa:bbbb:cccc:dddd')).toBe('2001:db8:0:1::');
  expect(parseAddress('2001:DB8::1')).toBe('2001:db8:0:0::');
  expect(parseAddress('fe80::1%eth0')).toBe('fe80:0:0:0::');
  expect(parseAddress('::1')).toBe('::1');
  expect(parseAddress('64:ff9b::192.0.2.7')).toBe('64:ff9b:0:0::');
  for (const wrong of ['', 'example.com', '300.1.1.1', '1.2.3', '::g', 'unknown']) {
    expect(parseAddress(wrong)).toBeUndefined();
  }
});

test('with no trusted hop a forged header changes nothing', () => {
  expect(sourceOf('192.0.2.1', forwarded('203.0.113.9'), 0)).toBe('192.0.2.1');
});

test('behind trusted hops the address is the one that the outermost of them saw', () => {
  const list = forwarded('6.6.6.6, 203.0.113.9, 10.0.0.2');
  expect(sourceOf('10.0.0.1', list, 1)).toBe('10.0.0.2');
  expect(sourceOf('10.0.0.1', list, 2)).toBe('203.0.113.9');
  expect(sourceOf('10.0.0.1', forwarded('203.0.113.9'), 2)).toBe('203.0.113.9');
  expect(sourceOf('10.0.0.1', forwarded(undefined), 1)).toBe('10.0.0.1');
  expect(sourceOf(undefined, list, 1)).toBeUndefined();
});

test('ports and brackets are passed over, and what is no address is not believed', () => {
  expect(sourceOf('10.0.0.1', forwarded('203.0.113.9:4711'), 1)).toBe('203.0.113.9');
  expect(sourceOf('10.0.0.1', forwarded('[2001:db8::5]:443'), 1)).toBe('2001:db8:0:0::');
  expect(sourceOf('10.0.0.1', forwarded('203.0.113.9, nonsense'), 1)).toBe('10.0.0.1');
  expect(sourceOf('10.0.0.1', forwarded('nonsense, 10.0.0.2'), 2)).toBe('10.0.0.2');
});

test('loopback is this machine', () => {
  expect(['127.0.0.1', '127.8.8.8', '::1'].map(isLoopback)).toEqual([true, true, true]);
  expect(isLoopback('128.0.0.1')).toBe(false);
});
