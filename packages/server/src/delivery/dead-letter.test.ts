import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { MemoryStore } from '../store/memory.ts';
import { contentOfLines, getText, putText } from '../store/store.contract.ts';
import { SwitchableStore } from '../store/switchable.ts';
import { type Replayed, replayLetters, writeLetter } from './dead-letter.ts';
import { encodeManifest, type ObjectState } from './manifest.ts';

const { signal } = new AbortController();
const key = 'tenant=acme/1.ndjson';
const letter = {
  writer: 'w',
  segment: 7,
  index: 0,
  key,
  reason: 'no permission',
  bytes: Buffer.from('lines\n'),
  content: contentOfLines('lines\n'),
};

async function replay(store: MemoryStore | SwitchableStore): Promise<Replayed[]> {
  const replayed: Replayed[] = [];
  for await (const each of replayLetters(store, signal)) replayed.push(each);
  return replayed;
}

test('a letter goes where it belongs, and nothing of it stays behind', async () => {
  const store = new MemoryStore();
  await writeLetter(store, letter, signal);
  await writeLetter(store, { ...letter, index: 1, key: 'other.ndjson' }, signal);
  expect(await replay(store)).toEqual([
    { letter: '_dead/w/7-0', key, outcome: 'stored' },
    { letter: '_dead/w/7-1', key: 'other.ndjson', outcome: 'stored' },
  ]);
  expect([...store.objects.keys()].sort()).toEqual(['other.ndjson', key]);
  expect(await getText(store, key)).toBe('lines\n');
  expect(await replay(store)).toEqual([]);
});

test('writing it again changes nothing, whatever reason the store gives this time', async () => {
  const store = new MemoryStore();
  await writeLetter(store, letter, signal);
  const before = new Map(store.objects);
  await writeLetter(store, { ...letter, reason: 'no permission, request 5' }, signal);
  expect(store.objects).toEqual(before);
});

test('never replaces another letter', async () => {
  const store = new MemoryStore();
  await putText(store, '_dead/w/7-0', 'other lines\n');
  await expect(writeLetter(store, letter, signal)).rejects.toThrow(/holds other lines/);
});

test('never overwrites what holds its key meanwhile: the letter stays', async () => {
  const store = new MemoryStore();
  await writeLetter(store, letter, signal);
  await putText(store, key, 'other lines\n');
  expect(await replay(store)).toEqual([{ letter: '_dead/w/7-0', key, outcome: 'conflict' }]);
  expect(await getText(store, key)).toBe('other lines\n');
  expect(await getText(store, '_dead/w/7-0')).toBe('lines\n');
});

test('a key that still refuses keeps its letter, and holds up no other', async () => {
  const inner = new MemoryStore();
  await writeLetter(inner, letter, signal);
  await writeLetter(inner, { ...letter, index: 1, key: 'other.ndjson' }, signal);
  const store = new SwitchableStore(inner, new VirtualWorld({ seed: 1 }));
  store.misbehave({ refuses: (name) => name === key });
  const reason = `${key} is refused, as the test wants it`;
  expect(await replay(store)).toEqual([
    { letter: '_dead/w/7-0', key, outcome: 'refused', reason },
    { letter: '_dead/w/7-1', key: 'other.ndjson', outcome: 'stored' },
  ]);
  expect(await getText(store, '_dead/w/7-0')).toBe('lines\n');
  store.misbehave({ trouble: 1 });
  await expect(replay(store)).rejects.toMatchObject({ kind: 'trouble' });
});

test('goes on where a crash stopped it, at any point', async () => {
  for (let calls = 0; calls < 8; calls += 1) {
    const inner = new MemoryStore();
    await writeLetter(inner, letter, signal);
    const store = new SwitchableStore(inner, new VirtualWorld({ seed: 1 }));
    let left = calls;
    store.misbehave({
      refuses: () => {
        left -= 1;
        return left < 0;
      },
    });
    await replay(store).catch(() => undefined);
    store.misbehave({});
    await replay(store);
    expect([...inner.objects.keys()]).toEqual([key]);
  }
});

test('a letter without its note is left for the segment that is still in the spool', async () => {
  const store = new MemoryStore();
  await putText(store, '_dead/w/7-0', 'lines\n');
  await putText(store, '_dead/no-letter', 'of nobody');
  expect(await replay(store)).toEqual([]);
  expect(await getText(store, '_dead/w/7-0')).toBe('lines\n');
});

test.each(['stored', 'dead'] as const)(
  'a letter without its note goes where the manifest of its segment says: %s',
  async (state) => {
    const store = new MemoryStore();
    await putText(store, '_dead/w/7-0', 'lines\n');
    await putManifest(store, state);
    if (state === 'stored') await putText(store, key, 'lines\n');
    expect(await replay(store)).toEqual([{ letter: '_dead/w/7-0', key, outcome: 'stored' }]);
    expect([...store.objects.keys()].sort()).toEqual(['_manifests/w/7.json', key]);
    expect(await getText(store, key)).toBe('lines\n');
  },
);

test('a letter without its note stays where its key holds other lines', async () => {
  const store = new MemoryStore();
  await putText(store, '_dead/w/7-0', 'lines\n');
  await putManifest(store, 'stored');
  await putText(store, key, 'other lines\n');
  expect(await replay(store)).toEqual([{ letter: '_dead/w/7-0', key, outcome: 'conflict' }]);
});

/** What became of segment 7, whose only object is the letter. */
async function putManifest(store: MemoryStore, state: ObjectState): Promise<void> {
  const time = '2026-01-01T00:00:00.000Z';
  const { contentSha256: sha256, contentBytes } = letter.content;
  const sizes = { bytes: contentBytes, contentBytes };
  const times = { firstTime: time, lastTime: time };
  const object = { key, state, events: 1, ...sizes, sha256, ...times, tenants: { acme: 1 } };
  const facts = { version: 1, writer: 'w', segment: 7, sealedAt: time } as const;
  const bytes = encodeManifest({ ...facts, objects: [object] });
  await putText(store, '_manifests/w/7.json', Buffer.from(bytes).toString());
}

test('refuses a note of a format it does not know', async () => {
  const store = new MemoryStore();
  await putText(store, '_dead/w/7-0.json', '{"version":2}');
  await expect(replay(store)).rejects.toThrow(/_dead\/w\/7-0.json is of a format/);
});
