import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { MemoryStore } from './memory.ts';
import { getText, putText, storeContract } from './store.contract.ts';
import { SwitchableStore } from './switchable.ts';

function make(seed = 1) {
  const world = new VirtualWorld({ seed });
  const inner = new MemoryStore();
  return { world, inner, store: new SwitchableStore(inner, world) };
}

storeContract(async () => make().store);

test('fails, refuses and loses replies as it is told', async () => {
  const { inner, store } = make();
  store.misbehave({ trouble: 1 });
  await expect(putText(store, 'a', 'x')).rejects.toMatchObject({ kind: 'trouble' });
  expect(inner.objects.size).toBe(0);
  store.misbehave({ lostReply: 1 });
  await expect(putText(store, 'a', 'x')).rejects.toMatchObject({ kind: 'trouble' });
  expect(inner.objects.size).toBe(1);
  store.misbehave({ refuses: (key) => key === 'b' });
  await expect(putText(store, 'b', 'x')).rejects.toMatchObject({ kind: 'refused' });
  expect(await putText(store, 'a', 'x')).toBe('same');
});

test('a stopped store answers when it resumes, and lets go of who gives up', async () => {
  const { store } = make();
  store.stop();
  const waiting = putText(store, 'a', 'x');
  const leaving = new AbortController();
  const left = store.get('a', leaving.signal);
  leaving.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  await expect(store.get('a', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  store.resume();
  expect(await waiting).toBe('created');
  expect(await getText(store, 'a')).toBe('x');
});

test('a slow store takes its time', async () => {
  const { store, world } = make();
  store.misbehave({ slowMs: 250 });
  const put = putText(store, 'a', 'x');
  await world.settleAll();
  expect(await put).toBe('created');
  expect(world.now()).toBe(250);
});

test('a seed gives the same faults again', async () => {
  const outcomes = async (seed: number) => {
    const { store } = make(seed);
    store.misbehave({ trouble: 0.3, lostReply: 0.3 });
    const puts = Array.from({ length: 50 }, (_, i) => putText(store, `${i}`, 'x'));
    return (await Promise.allSettled(puts)).map(({ status }) => status).join();
  };
  expect(await outcomes(1)).toBe(await outcomes(1));
  expect(await outcomes(1)).not.toBe(await outcomes(2));
});
