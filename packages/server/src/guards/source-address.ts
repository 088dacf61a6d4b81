import { isIP } from 'node:net';
import type { RequestHeaders } from '../request.ts';

/**
 * Where a request comes from: who holds the socket, or, behind `trustedHops` proxies of the
 * operator's own, the address that the outermost of them wrote into X-Forwarded-For. It is read from
 * the right, since whatever stands further left anyone may have written.
 *
 * An IPv6 address counts by its /64, written as its first address: a customer has at least as many.
 */
export function sourceOf(
  socketAddress: string | undefined,
  headers: RequestHeaders,
  trustedHops: number,
): string | undefined {
  const own = socketAddress === undefined ? undefined : parseAddress(socketAddress);
  if (trustedHops === 0 || own === undefined) return own;
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded !== 'string') return own;
  const hops = forwarded.split(',', maxHops);
  // A list that is too short, or holds nonsense, was not written by all of the trusted proxies.
  for (let i = Math.max(0, hops.length - trustedHops); i < hops.length; i += 1) {
    const found = parseAddress(stripPort((hops[i] as string).trim()));
    if (found !== undefined) return found;
  }
  return own;
}

/** Longer lists are cut before they are looked at; a header holds at most 16 KiB anyway. */
const maxHops = 1_000;

/** undefined where the text is no address. An IPv4 address in IPv6's clothes counts as IPv4. */
export function parseAddress(text: string): string | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  const address = mapped ?? text.replace(/%.*$/, '');
  const family = isIP(address);
  if (family === 0) return undefined;
  return family === 4 || address === '::1' ? address : networkOf(address);
}

/** Whether it is this machine, or a proxy on it. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** The first address of its /64: `2001:db8:0:1::`. */
function networkOf(address: string): string {
  const [left = '', right] = address.split('::');
  const head = groupsOf(left);
  const tail = right === undefined ? [] : groupsOf(right);
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  const first = [...head, ...zeros, ...tail].slice(0, 4);
  return `${first.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::`;
}

/** Dotted digits at the end stand for two groups. */
function groupsOf(part: string): string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}

/** Some proxies write a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function stripPort(text: string): string {
  const found = /^\[(.*)\](?::\d+)?$/.exec(text) ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text);
  return found?.[1] ?? text;
}
