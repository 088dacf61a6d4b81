import { sleep } from '@weir/core/world/sleep';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { governedStore } from './governed.ts';
import { Governor } from './governor.ts';
import { MemoryStore } from './memory.ts';
import { StoreProbe } from './probe.ts';
import { contentOfLines, getText, listAll, putText, storeContract } from './store.contract.ts';
import { type Pressure, StoreError, type StoreErrorKind } from './store.ts';
import { SwitchableStore } from './switchable.ts';

const { signal } = new AbortController();

function make(maxConcurrency = 32, world: VirtualWorld = new VirtualWorld({ seed: 1 })) {
  const inner = new MemoryStore();
  const switched = new SwitchableStore(inner, world);
  const told: string[] = [];
  const probe = new StoreProbe(switched, world);
  let probes = 0;
  const governor = new Governor({
    world,
    maxConcurrency,
    probe: (stop) => {
      probes += 1;
      return probe.write(stop);
    },
    events: {
      stopped: (reason) => told.push(`stopped: ${reason}`),
      resumed: (ms) => told.push(`resumed after ${Math.round(ms / 1_000)} s`),
    },
  });
  const store = governedStore(switched, governor);
  return { world, inner, switched, governor, store, told, probes: () => probes };
}

storeContract(async () => make().store);

const error = (kind: StoreErrorKind, pressure: Pressure = 'none') =>
  new StoreError(kind, 'as the test wants it', { pressure });

/** Calls that take 50 ms each and end as they are told. */
function calls({ world, governor }: ReturnType<typeof make>) {
  const counts = { underWay: 0, most: 0, ended: 0 };
  const call = (fails?: StoreError) =>
    governor
      .run(0, signal, async () => {
        counts.underWay += 1;
        counts.most = Math.max(counts.most, counts.underWay);
        await sleep(world, 50, signal);
        counts.underWay -= 1;
        if (fails !== undefined) throw fails;
      })
      .catch(() => undefined)
      .finally(() => {
        counts.ended += 1;
      });
  return { counts, call };
}

test('lets more and more be under way while the store bears it, up to the most', async () => {
  const made = make(20);
  const { counts, call } = calls(made);
  const all = Array.from({ length: 10 }, () => call());
  await made.world.settleAll(40);
  expect(counts.underWay).toBe(8); // to begin with
  await made.world.settleAll();
  await Promise.all(all);
  const more = Array.from({ length: 600 }, () => call());
  await made.world.settleAll();
  await Promise.all(more);
  expect(counts.most).toBe(20);
});

test('halves what is under way where all is told to slow down or comes late', async () => {
  for (const pressure of ['congested', 'late'] as const) {
    const made = make();
    const { call } = calls(made);
    const all = Array.from({ length: 8 }, () => call(error('trouble', pressure)));
    await made.world.settleAll(60);
    await Promise.all(all);
    expect(made.governor.status().limit).toBeLessThanOrEqual(4);
  }
});

test('refusals of single keys neither stop nor slow the others', async () => {
  const made = make();
  const { counts, call } = calls(made);
  const all = Array.from({ length: 60 }, (_, i) =>
    call(i % 2 === 0 ? error('refused') : undefined),
  );
  await made.world.settleAll();
  await Promise.all(all);
  expect(counts.ended).toBe(60);
  expect(made.told).toEqual([]);
  expect(made.governor.status().limit).toBeGreaterThanOrEqual(8);
});

test('stops while the store is out of order, probes ever more seldom, and goes on by itself', async () => {
  const { world, switched, inner, store, told, probes, governor } = make();
  switched.misbehave({ trouble: 1 });
  const tries = Array.from({ length: 5 }, (_, i) => putText(store, `k/${i}`, 'x'));
  const failed = await Promise.allSettled(tries);
  expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
  expect(governor.status().stopped).toMatch(/k\/4 failed/);

  const waiting = Array.from({ length: 20 }, (_, i) => putText(store, `w/${i}`, 'x'));
  await world.settleAll(60_000);
  expect(governor.status()).toMatchObject({ waiting: 20, underWay: 0 });
  expect(probes()).toBeGreaterThan(6);
  expect(probes()).toBeLessThan(20);

  switched.misbehave({});
  await world.settleAll(71_000); // no pause is longer than 10 s
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'created'));
  expect([...inner.objects.keys()].some((key) => key.startsWith('_probe/'))).toBe(false);
  expect(told).toHaveLength(2);
  expect(told[1]).toMatch(/^resumed after (?:6\d|70) s$/);
});

test('goes on although timers fire early, as those of Node may', async () => {
  class Hasty extends VirtualWorld {
    override after(delayMs: number, task: () => void): () => void {
      return super.after(delayMs > 1 ? delayMs - 0.5 : delayMs, task);
    }
  }
  const { world, switched, store } = make(32, new Hasty({ seed: 1 }));
  switched.misbehave({ trouble: 1 });
  for (let i = 0; i < 5; i += 1) await putText(store, 'x', 'x').catch(() => undefined);
  switched.misbehave({});
  const put = putText(store, 'a', 'x');
  await world.settleAll(1_000);
  expect(await put).toBe('created');
});

test('what waited longest is written first', async () => {
  const { world, switched, inner, store } = make(1);
  switched.misbehave({ trouble: 1 });
  for (let i = 0; i < 5; i += 1) await putText(store, 'x', 'x').catch(() => undefined);
  switched.misbehave({});
  const keys = ['c', 'a', 'b'];
  const puts = keys.map((key) => putText(store, key, key));
  await world.settleAll();
  await Promise.all(puts);
  expect([...inner.objects.keys()]).toEqual(keys);
});

test('reading does not wait: it fails at once while the store is out of order', async () => {
  const { switched, store } = make();
  switched.misbehave({ trouble: 1 });
  for (let i = 0; i < 5; i += 1) await putText(store, 'x', 'x').catch(() => undefined);
  switched.misbehave({});
  const sentence = { kind: 'trouble', message: expect.stringContaining('x failed') };
  await expect(getText(store, 'x')).rejects.toMatchObject(sentence);
  await expect(listAll(store, '')).rejects.toMatchObject(sentence);
  await expect(store.remove('x', signal)).rejects.toMatchObject(sentence);
});

test('who waits leaves when told to, and takes no place with him', async () => {
  const { switched, store, governor } = make();
  switched.misbehave({ trouble: 1 });
  for (let i = 0; i < 5; i += 1) await putText(store, 'x', 'x').catch(() => undefined);
  const leaving = new AbortController();
  const put = store.put('a', Buffer.from('x'), contentOfLines('x'), leaving.signal);
  leaving.abort(new Error('left'));
  await expect(put).rejects.toThrow('left');
  expect(governor.status().waiting).toBe(0);
  switched.misbehave({});
  governor.works(); // a check found out
  expect(await putText(store, 'a', 'x')).toBe('created');
});

test('a store that asks for less and less, for long, is out of order, too', async () => {
  const made = make();
  const { call } = calls(made);
  const all = Array.from({ length: 40 }, () => call(error('trouble', 'congested')));
  await made.world.settleAll();
  await Promise.all(all);
  expect(made.told.filter((text) => text.startsWith('stopped'))).not.toEqual([]);
});

test('ends probing when it is closed', async () => {
  const { world, switched, store, governor, probes } = make();
  switched.misbehave({ trouble: 1 });
  for (let i = 0; i < 5; i += 1) await putText(store, 'x', 'x').catch(() => undefined);
  await governor.close();
  const before = probes();
  await world.settleAll(600_000);
  expect(probes()).toBe(before);
});
