import Analytics from '@rudderstack/rudder-sdk-node';
import { contentOf, finish, numbers, task } from './task.mjs';

// Without an errorHandler a batch that is given up is a rejection that nobody handles.
const client = new Analytics(task.key, {
  dataPlaneUrl: task.url,
  flushAt: task.eventsPerBatch,
  logLevel: 'none',
  errorHandler: () => {},
});
const settled = [];
for (const n of numbers()) {
  const message = { userId: 'u', event: 'n', properties: contentOf(n) };
  settled.push(new Promise((resolve) => client.track(message, resolve)));
}
await client.flush();
await Promise.all(settled);
finish();
