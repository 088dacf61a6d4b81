import { join } from 'node:path';
import { IngestClient } from '@weir/client';
import { expect, test } from 'vitest';
import { droppingProxy } from './support/dropping-proxy.ts';
import { storedIds } from './support/stored-events.ts';
import { eventually, startWeir, temporaryFolder } from './support/weir-process.ts';

// The client and the server agree on what a repeat is. A thousand lost answers, in virtual time, are in
// packages/client/src/repeats.test.ts.

const lostAnswers = 20;
const everyNth = 20;

test(`${lostAnswers} answers lost after the server took the batch: each event is stored once`, async () => {
  await using folder = await temporaryFolder();
  const env = { WEIR_SEGMENT_AGE_MS: '100' };
  await using weir = await startWeir({ dataDir: folder.path, env });
  await using proxy = await droppingProxy(weir.url, everyNth);
  const options = { baseUrl: proxy.url, apiKey: weir.key, maxBatchEvents: 5 };
  await using client = new IngestClient(options);
  const count = 5 * everyNth * lostAnswers;
  for (let n = 0; n < count; n += 1) client.track('n', { n });
  await client.flush({ timeoutMs: 120_000 });

  expect(proxy.lost()).toBeGreaterThanOrEqual(lostAnswers);
  expect(client.stats()).toMatchObject({ acked: count, maybeDuplicate: 0 });
  const stored = await eventually('all is in objects', async () => {
    const found = await storedIds(join(folder.path, 'store'));
    return found.size >= count ? found : undefined;
  });
  expect([...stored.values()].filter((times) => times > 1)).toEqual([]);
});
