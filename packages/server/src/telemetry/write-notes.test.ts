import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { MemoryStore } from '../store/memory.ts';
import { SwitchableStore } from '../store/switchable.ts';
import { NotedStore } from './write-notes.ts';

const { signal } = new AbortController();
const bytes = Buffer.from('{}\n');
const content = { contentSha256: 'a'.repeat(64), contentBytes: 3, codec: 'none' } as const;

function setUp() {
  const world = new VirtualWorld({ seed: 1 });
  const inner = new SwitchableStore(new MemoryStore(), world);
  const store = new NotedStore(inner, world);
  const put = (key: string) => store.put(key, bytes, content, signal);
  return { inner, store, put };
}

test('each try is noted once, in order, and told once', async () => {
  const { inner, store, put } = setUp();
  inner.misbehave({ refuses: () => true });
  await expect(put('a')).rejects.toThrow();
  inner.misbehave({});
  await put('a');
  await put('a');
  expect(store.take('a').map(({ outcome }) => outcome)).toEqual(['refused', 'created', 'same']);
  expect(store.take('a')).toEqual([]);
});

test('of many tries the last eight are kept', async () => {
  const { store, put } = setUp();
  for (let i = 0; i < 20; i += 1) await put('a');
  expect(store.take('a')).toHaveLength(8);
});

test('keys that nobody asks for are forgotten, the oldest first', async () => {
  const { store, put } = setUp();
  for (let i = 0; i <= 4_096; i += 1) await put(`${i}`);
  expect(store.take('0')).toEqual([]);
  expect(store.take('1')).toHaveLength(1);
});
