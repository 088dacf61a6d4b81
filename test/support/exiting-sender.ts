import { IngestClient } from '@weir/client';

// A script that sends and does nothing to end: it ends by itself. With `close`, what is left is told.

const signals = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
const client = new IngestClient({ lingerMs: 20 });
let ackedMs = 0;
client.on('batch', () => {
  ackedMs = performance.now();
});
for (let n = 0; n < 100; n += 1) client.track('n', { n });
if (process.argv[2] === 'close') {
  await client.close();
  await new Promise((resolve) => setImmediate(resolve));
  const pipes = new Set(['PipeWrap', 'TTYWrap', 'FSReqCallback']);
  const left = process.getActiveResourcesInfo().filter((name) => !pipes.has(name));
  const more = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT') - signals;
  process.stdout.write(`${JSON.stringify({ left, more })}\n`);
}
process.on('exit', () => {
  const { acked } = client.stats();
  process.stdout.write(`${JSON.stringify({ acked, afterMs: performance.now() - ackedMs })}\n`);
});
