import { Analytics } from '@segment/analytics-node';
import { contentOf, finish, numbers, task } from './task.mjs';

const analytics = new Analytics({
  writeKey: task.key,
  host: task.url,
  flushAt: task.eventsPerBatch,
});
for (const n of numbers()) analytics.track({ userId: 'u', event: 'n', properties: contentOf(n) });
await analytics.closeAndFlush({ timeout: task.limitMs });
finish();
