import { randomUUID } from 'node:crypto';

// What each client is given to do, and how it says that it is done. It is started with its task as the
// one argument: where to send, how much, and how long it may take.

/** `{ url, key, from, batches, eventsPerBatch, workers, limitMs }`. */
export const task = JSON.parse(process.argv[2]);

const filler = 'x'.repeat(100);

/** The events of this process, numbered. */
export function* numbers() {
  const first = task.from * task.eventsPerBatch;
  for (let n = 0; n < task.batches * task.eventsPerBatch; n += 1) yield first + n;
}

/** What an event carries, whoever sends it. */
export function contentOf(n) {
  return { n, text: filler };
}

/** Says when it was done, and ends the process, whatever the client has still running. */
export function finish() {
  process.stdout.write(`${Date.now()}\n`, () => process.exit(0));
}

/**
 * For clients that send one request: so many workers, each of which posts a batch, waits until that is
 * done or given up, and takes the next. `post` gets what `fetch` would get, and rejects when it gives up.
 */
export async function postAll(post) {
  const batches = [];
  let batch = [];
  for (const n of numbers()) {
    batch.push(JSON.stringify({ id: randomUUID(), type: 'n', data: contentOf(n) }));
    if (batch.length < task.eventsPerBatch) continue;
    batches.push(batch.join('\n'));
    batch = [];
  }
  const headers = { authorization: `Bearer ${task.key}`, 'content-type': 'application/x-ndjson' };
  const work = async () => {
    for (let body = batches.shift(); body !== undefined; body = batches.shift()) {
      // Given up is seen at the server, where the events are missing.
      await post({ method: 'POST', headers, body }).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: task.workers }, work));
  finish();
}
