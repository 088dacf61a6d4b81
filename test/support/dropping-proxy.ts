import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A way to a server on which every so many answers to a POST are lost, after they were given. */
export interface DroppingProxy extends AsyncDisposable {
  readonly url: string;
  readonly lost: () => number;
}

export async function droppingProxy(url: string, everyNth: number): Promise<DroppingProxy> {
  let posts = 0;
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    if (method === 'POST') posts += 1;
    const isLost = method === 'POST' && posts % everyNth === 0;
    const onward = request(url + (incoming.url ?? '/'), { method, headers }, (reply) => {
      if (isLost) {
        reply.resume();
        lost += 1;
        incoming.socket.destroy();
        return;
      }
      outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lost: () => lost,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
