import type { Refusal } from '@weir/core/wire/refusal';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import type { Caller } from '../tenants/caller.ts';
import { RefusalBook } from './refusal-book.ts';

const of = (tenant: string) => ({ tenant }) as Caller;
const limited: Refusal = {
  refused: 'rate_limited',
  detail: 'req: cost 1 requests, available 0',
  retryAfterMs: 250,
  members: { 'violated-policies': ['req', 'vol'] },
};

function setUp() {
  const world = new VirtualWorld({ seed: 1 });
  return { world, book: new RefusalBook(world) };
}

test('the newest refusal comes first, with its time and the quotas it is about', () => {
  const { world, book } = setUp();
  book.note(limited, of('acme'));
  world.advance(5);
  book.note({ refused: 'unauthorized', detail: 'no such key' }, undefined);
  const [newest, oldest] = book.last();
  expect(newest).toMatchObject({ code: 'unauthorized', tenant: undefined, reason: undefined });
  expect(oldest).toMatchObject({ code: 'rate_limited', tenant: 'acme', reason: 'req, vol' });
  expect(oldest?.retryAfterMs).toBe(250);
  expect((newest?.atMs ?? 0) - (oldest?.atMs ?? 0)).toBe(5);
});

test('a hundred are kept, whatever there were', () => {
  const { book } = setUp();
  for (let i = 0; i < 250; i += 1) book.note(limited, of(`t${i}`));
  const tenants = book.last().map(({ tenant }) => tenant);
  expect(tenants).toHaveLength(100);
  expect([tenants[0], tenants[99]]).toEqual(['t249', 't150']);
});

test('each tenant has its count, up to a bound', () => {
  const { book } = setUp();
  for (let i = 0; i < 1_001; i += 1) book.note(limited, of(`t${i}`));
  book.note(limited, of('t0'));
  expect(book.countOf('t0')).toBe(2);
  expect(book.countOf('t999')).toBe(1);
  expect(book.countOf('t1000')).toBe(0);
  expect(book.countOf('_other')).toBe(1);
});

test('the sentence of a refusal is not shown, since it may tell of its body', () => {
  const { book } = setUp();
  book.note({ refused: 'malformed', detail: 'unexpected "secret-content"' }, of('acme'));
  book.note({ refused: 'invalid_events', detail: 'x', members: { rejected: ['secret'] } }, of('a'));
  expect(JSON.stringify(book.last())).not.toContain('secret');
});
