// Run in an empty project, where the packed client is installed and nothing else: by each Node.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const before = process.getActiveResourcesInfo().length;
const beforeMs = performance.now();
const { IngestClient, isWeirError } = await import('@weir/client');
const importMs = performance.now() - beforeMs;

const { startFakeWeir } = await import('@weir/client/testing');
const { IngestClient: EdgeClient } = await import('@weir/client/fetch');
const { Pacer, throttleInterceptor } = await import('@weir/client/throttle');

const dispatcher = Symbol.for('undici.globalDispatcher.1');
await fetch('data:,x');
const ours = globalThis[dispatcher];
const signals = process.listenerCount('SIGTERM');

const server = await startFakeWeir({ quotas: [{ tokens: 1_000, periodMs: 1_000, burst: 1_000 }] });
const options = { baseUrl: server.url, apiKey: server.key };

// The client: batches, receipts, repeats.
{
  const client = new IngestClient({ ...options, maxBatchEvents: 100 });
  server.weir.fail({ drop: 'after' }); // one repeat is free; the next would wait for its budget
  for (let n = 0; n < 1_000; n += 1) client.track('n', { n });
  const receipt = await client.send('order.paid', { cents: 1900 });
  assert.equal((await receipt.stored()).line > 0, true);
  await client.close();
  assert.equal(client.stats().acked, 1_001);
  assert.equal(new Set(server.weir.events.map(({ id }) => id)).size, 1_001);
  assert.equal(server.weir.events.length, 1_001);
}

// What can never work is said at the call.
assert.throws(
  () => new IngestClient({ baseUrl: 'x', apiKey: 'k' }),
  (error) => isWeirError(error, 'invalid_option'),
);

// A spool on disk.
{
  const dir = mkdtempSync(join(tmpdir(), 'weir-spool-'));
  const client = new IngestClient({ ...options, spool: { dir } });
  await client.send('spooled', {}, { ack: 'spooled' });
  await client.close();
  assert.equal(client.stats().acked, 1);
}

// Without undici.
{
  const client = new EdgeClient(options);
  await client.send('edge', { text: 'x'.repeat(2_000) });
  await client.close();
}

// The pace alone: by fetch, and as an interceptor of undici.
{
  const pacer = new Pacer();
  const body = '{"type":"paced"}';
  const response = await pacer.fetch(`${server.url}/v1/events`, { method: 'POST', body });
  assert.equal(response.status, 202);
  const { Agent, request } = await import('undici');
  const paced = new Agent().compose(throttleInterceptor());
  const reply = await request(`${server.url}/v1/events`, {
    method: 'POST',
    body,
    dispatcher: paced,
  });
  assert.equal(reply.statusCode, 202);
  await reply.body.dump();
  await paced.close();
}

// The built-in fetch is as it was, and a POST that says its length works.
if (ours !== undefined) assert.equal(globalThis[dispatcher], ours);
const echo = createServer((request, response) => request.pipe(response)).listen(0, '127.0.0.1');
await once(echo, 'listening');
const reply = await fetch(`http://127.0.0.1:${echo.address().port}`, {
  method: 'POST',
  headers: { 'content-length': '5' },
  body: 'hello',
});
assert.equal(await reply.text(), 'hello');
echo.closeAllConnections();
echo.close();
await server.close();

assert.equal(process.listenerCount('SIGTERM'), signals);
const endedMs = performance.now();
process.on('exit', () => {
  const tookMs = performance.now() - endedMs;
  console.log(JSON.stringify({ node: process.version, importMs, exitMs: tookMs, before }));
});
