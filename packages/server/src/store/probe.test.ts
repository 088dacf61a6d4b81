import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { MemoryStore } from './memory.ts';
import { StoreProbe } from './probe.ts';
import { s3ForTests } from './s3-for-tests.model.ts';
import { putText } from './store.contract.ts';
import { type ObjectContent, type PutOutcome, StoreError } from './store.ts';

const { signal } = new AbortController();
const { make } = s3ForTests();
const world = new VirtualWorld({ seed: 1 });

test('a store that does all it should passes, and nothing stays behind', async () => {
  const store = new MemoryStore();
  const probe = new StoreProbe(store, world);
  expect(await probe.check(signal)).toEqual({ problems: [], keepsFirst: true });
  await probe.write(signal);
  expect(store.objects.size).toBe(0);
});

test('a bucket that ignores If-None-Match in silence is found out', async () => {
  const { double, store } = await make({ faults: { ignoreConditions: true } });
  const probe = new StoreProbe(store, world);
  expect(await probe.check(signal)).toEqual({ problems: [], keepsFirst: false });
  expect(double.objects()).toEqual([]);
});

test.each([
  ['put', /^s3:PutObject on _probe/, undefined],
  ['get', /^s3:GetObject on _probe/, true],
  ['list', /^s3:ListBucket on _probe/, true],
  ['delete', /^s3:DeleteObject on _probe/, true],
] as const)('tells that it may not %s', async (kind, sentence, keepsFirst) => {
  const { double, store } = await make();
  double.faults.denied = [{ prefix: '', kinds: [kind] }];
  const check = await new StoreProbe(store, world).check(signal);
  expect(check.keepsFirst).toBe(keepsFirst);
  expect(check.problems).toHaveLength(1);
  expect(check.problems[0]).toMatch(sentence);
});

test('where it may not remove, one object stays behind, however often it looks', async () => {
  const { double, store } = await make();
  double.faults.denied = [{ prefix: '', kinds: ['delete'] }];
  const probe = new StoreProbe(store, world);
  for (let i = 0; i < 3; i += 1) {
    expect(await probe.check(signal)).toMatchObject({ keepsFirst: true });
    await probe.write(signal);
  }
  expect(double.objects()).toHaveLength(1);
});

test('a store that gives back or lists something else does not pass', async () => {
  class Forgetful extends MemoryStore {
    override async put(
      key: string,
      _: Uint8Array,
      content: ObjectContent,
      stop: AbortSignal,
    ): Promise<PutOutcome> {
      return await super.put(`${key}x`, Buffer.from('other'), content, stop);
    }
  }
  const { problems } = await new StoreProbe(new Forgetful(), world).check(signal);
  expect(problems).toEqual([
    expect.stringMatching(/does not give back what was put/),
    expect.stringMatching(/does not list _probe/),
  ]);
});

test('a stop ends it at once, and a fault of weir is not taken for one of the store', async () => {
  const probe = new StoreProbe(new MemoryStore(), world);
  await expect(probe.check(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  const broken = new MemoryStore();
  broken.put = async () => {
    throw new TypeError('a bug');
  };
  await expect(new StoreProbe(broken, world).check(signal)).rejects.toThrow('a bug');
  broken.put = async () => {
    throw new StoreError('trouble', 'no disk');
  };
  expect(await new StoreProbe(broken, world).check(signal)).toEqual({
    problems: ['no disk'],
    keepsFirst: undefined,
  });
  await expect(putText(broken, 'a', 'x')).rejects.toThrow('no disk');
});
