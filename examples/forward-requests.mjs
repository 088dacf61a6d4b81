// Middleware, as Express and Connect have it, that reports each request to weir: it holds nobody up, and
// a server that is away costs the application nothing but memory, up to a bound.
//
//   WEIR_API_KEY=$(cat data/dev-key) node_modules/.bin/node examples/forward-requests.mjs

import { once } from 'node:events';
import { createServer } from 'node:http';
import { IngestClient } from '@weir/client';

const client = new IngestClient({ overflow: 'drop-oldest', maxQueueEvents: 10_000 });
client.on('drop', ({ reason, count }) => console.warn(`${count} reports dropped: ${reason}`));

/** `app.use(report)` in Express. */
function report(request, response, next) {
  const startedMs = performance.now();
  response.on('finish', () => {
    const ms = Math.round(performance.now() - startedMs);
    client.track('http.served', { method: request.method, status: response.statusCode, ms });
  });
  next();
}

const server = createServer((request, response) =>
  report(request, response, () => response.end('hello\n')),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
for (let n = 0; n < 5; n += 1) await (await fetch(`http://127.0.0.1:${port}/${n}`)).text();
server.close();
await client.close();
console.log(`${client.stats().acked} requests reported`);
