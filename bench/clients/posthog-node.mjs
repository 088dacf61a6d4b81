import { PostHog } from 'posthog-node';
import { contentOf, finish, numbers, task } from './task.mjs';

// flushAt alone would let batches grow to 100; shutdown waits for 30 s unless told otherwise.
const client = new PostHog(task.key, {
  host: task.url,
  flushAt: task.eventsPerBatch,
  maxBatchSize: task.eventsPerBatch,
});
for (const n of numbers())
  client.capture({ distinctId: 'u', event: 'n', properties: contentOf(n) });
await client.shutdown(task.limitMs);
finish();
