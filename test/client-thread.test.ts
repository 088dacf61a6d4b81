import { IngestClient } from '@weir/client';
import { expect, test } from 'vitest';
import { storedLines } from './support/stored-events.ts';
import { startWeir, temporaryFolder } from './support/weir-process.ts';

// The client and a real server: what is sent is stored, once, where the receipt says.

test('an event that was sent stands in the line that its receipt names', async () => {
  await using folder = await temporaryFolder();
  const env = { WEIR_SEGMENT_AGE_MS: '100' };
  await using weir = await startWeir({ dataDir: folder.path, env });
  await using client = new IngestClient({ apiKey: weir.key, baseUrl: weir.url });

  const receipt = await client.send('order.paid', { cents: 1900 }, { subject: 'o-1' });
  const { key, line } = await receipt.stored();

  const lines = await storedLines(`${folder.path}/store`);
  const found = lines.find((one) => one.object === key && one.line === line);
  expect(JSON.parse(found?.text ?? 'null')).toMatchObject({
    type: 'order.paid',
    subject: 'o-1',
    data: { cents: 1900 },
    weirreceipt: receipt.id,
  });
});

test('ten thousand events arrive once each, and the books say so', async () => {
  await using folder = await temporaryFolder();
  const env = { WEIR_SEGMENT_AGE_MS: '100' };
  await using weir = await startWeir({ dataDir: folder.path, env });
  await using client = new IngestClient({ apiKey: weir.key, baseUrl: weir.url });

  for (let n = 0; n < 10_000; n += 1) client.track('n', { n });
  expect(await client.flush()).toEqual({ acked: 10_000, rejected: 0, dropped: 0, spooled: 0 });
  expect(client.stats()).toMatchObject({ queued: 10_000, acked: 10_000, inMemory: 0, retries: 0 });

  await (await client.send('last', {})).stored({ timeoutMs: 20_000 });
  const lines = await storedLines(`${folder.path}/store`);
  const numbers = lines.map(({ text }) => (JSON.parse(text) as { data: { n?: number } }).data.n);
  expect(new Set(numbers).size).toBe(10_001);
  expect(numbers).toHaveLength(10_001);
});
