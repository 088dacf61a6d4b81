import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { exampleBatch, exampleHeader } from '../delivery/segment-of.ts';
import { storeSegment } from '../delivery/stored-segment.model.ts';
import { defaultTemplate } from '../object-key.ts';
import { MemoryStore } from '../store/memory.ts';
import { SwitchableStore } from '../store/switchable.ts';
import { type LineStream, readHour, readObject, readReceipt } from './read-lines.ts';

const { signal } = new AbortController();
const { writer, hourMs } = exampleHeader;
const hour = { template: defaultTemplate, tenant: 'acme', hourMs };

async function receiptsIn(lines: LineStream | undefined): Promise<string[]> {
  const receipts: string[] = [];
  for await (const some of lines ?? []) {
    for (const line of some) {
      receipts.push((JSON.parse(String(line)) as { weirreceipt: string }).weirreceipt);
    }
  }
  return receipts;
}

const of = (tenant: string) =>
  exampleBatch({
    tenant,
    shape: 'ndjson',
    accepted: 2,
    body: Buffer.from('{"type":"a"}\n{"type":"b"}'),
  });
const batches = [of('acme'), of('b'), of('c'), of('acme')];

test('the lines of an object', async () => {
  const store = new MemoryStore();
  const { objects } = await storeSegment(store, batches);
  const found = await readObject(store, objects[0]?.key ?? '', signal);
  expect(await receiptsIn(found)).toEqual([0, 0, 3, 3].map((ordinal) => `${writer}-7-${ordinal}`));
  expect(await readObject(store, 'nothing', signal)).toBeUndefined();
});

test('the lines of a batch, stored or dead', async () => {
  const store = new SwitchableStore(new MemoryStore(), new VirtualWorld({ seed: 1 }));
  await storeSegment(store, batches);
  store.misbehave({ refuses: (key) => key.startsWith('tenant=') });
  await storeSegment(store, batches, { segment: 8 });
  store.misbehave({});
  for (const segment of [7, 8]) {
    const receipt = `${writer}-${segment}-2`;
    const found = await readReceipt(store, { writer, segment, ordinal: 2 }, signal);
    expect(await receiptsIn(found)).toEqual([receipt, receipt]);
  }
  const none = { writer, segment: 7, ordinal: 4 };
  expect(await receiptsIn(await readReceipt(store, none, signal))).toEqual([]);
  expect(await readReceipt(store, { writer, segment: 9, ordinal: 0 }, signal)).toBeUndefined();
});

test('a tenant’s hour: its own objects and its lines in shared ones, nobody else’s', async () => {
  const store = new MemoryStore();
  await storeSegment(store, batches);
  await storeSegment(store, batches, { segment: 8, maxObjects: 1 });
  await storeSegment(store, batches, { segment: 9, hourMs: hourMs + 3_600_000 });
  await storeSegment(store, [of('acme2')], { segment: 10 });
  expect(await receiptsIn(readHour(store, hour, signal))).toEqual(
    [7, 8].flatMap((segment) => [0, 0, 3, 3].map((ordinal) => `${writer}-${segment}-${ordinal}`)),
  );
  const b = readHour(store, { ...hour, tenant: 'b', hourMs: hourMs + 3_600_000 }, signal);
  expect(await receiptsIn(b)).toEqual([`${writer}-9-1`, `${writer}-9-1`]);
  expect(await receiptsIn(readHour(store, { ...hour, tenant: 'd' }, signal))).toEqual([]);
});
