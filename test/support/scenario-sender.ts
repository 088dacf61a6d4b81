import { once } from 'node:events';
import { IngestClient } from '@weir/client';
import type { SenderReport } from './scenario.ts';

// One of several processes that share a key: sends its batches and says when each was taken.

const [batches = 1, eventsPerBatch = 1] = process.argv.slice(2).map(Number);
process.send?.('ready');
await once(process, 'message');
const client = new IngestClient({ maxBatchEvents: eventsPerBatch });
const takenAtMs: number[] = [];
client.on('batch', () => takenAtMs.push(Date.now()));
for (let n = 0; n < batches * eventsPerBatch; n += 1) client.track('n', { n });
await client.flush({ timeoutMs: 600_000 });
await client.close();
const { requests, rateLimited: refused } = client.stats();
const report: SenderReport = { requests, refused, takenAtMs };
process.send?.(report);
process.disconnect?.();
