import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

const rateFields = ['ratelimit', 'ratelimit-policy', 'weir-next-ms'];
const stripped: Readonly<Record<'all' | 'retry-after' | 'status', readonly string[]>> = {
  all: [],
  'retry-after': rateFields,
  status: [...rateFields, 'retry-after', 'retry-after-ms'],
};

/** A weir as any other server might be: replies go through without what they tell of the quota. */
export async function strippingProxy(
  url: string,
  headers: keyof typeof stripped,
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (headers === 'all') return { url, [Symbol.asyncDispose]: async () => {} };
  const server = createServer((incoming, outgoing) => {
    const { method, headers: sent } = incoming;
    const onward = request(url + (incoming.url ?? '/'), { method, headers: sent }, (reply) => {
      const kept = Object.entries(reply.headers).filter(
        ([name]) => !stripped[headers].includes(name),
      );
      outgoing.writeHead(reply.statusCode ?? 500, Object.fromEntries(kept));
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
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
