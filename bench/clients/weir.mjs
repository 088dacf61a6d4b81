// biome-ignore lint/correctness/noUndeclaredDependencies: what is compared is the client of this workspace, which the folder above has
import { IngestClient } from '@weir/client';
import { contentOf, finish, numbers, task } from './task.mjs';

const client = new IngestClient({
  apiKey: task.key,
  baseUrl: task.url,
  maxBatchEvents: task.eventsPerBatch,
});
for (const n of numbers()) client.track('n', contentOf(n));
// What is late is missing at the server.
await client.flush({ timeoutMs: task.limitMs }).catch(() => {});
await client.close();
finish();
