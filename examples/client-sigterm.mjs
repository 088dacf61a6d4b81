// A service that is stopped: what it tracked is sent before it ends. The client installs no handler.
//
//   WEIR_API_KEY=$(cat data/dev-key) node_modules/.bin/node examples/client-sigterm.mjs

import { once } from 'node:events';
import { createServer } from 'node:http';
import { IngestClient } from '@weir/client';

const client = new IngestClient({ lingerMs: 1_000 });
const server = createServer((request, response) => {
  client.track('request.served', { path: request.url });
  response.end('hello\n');
}).listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(`http://127.0.0.1:${server.address().port}`);

await once(process, 'SIGTERM');
server.close(); // no new requests
await client.close({ timeoutMs: 10_000 }); // what came is sent
const { acked, inMemory } = client.stats();
console.log(`${acked} taken, ${inMemory} left`);
