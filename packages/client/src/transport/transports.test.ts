import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FetchTransport } from './fetch.ts';
import { NoReply, type Request, type Transport } from './transport.ts';
import { UndiciTransport } from './undici.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers.length = 0;
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function post(origin: string, more: Partial<Request> = {}): Request {
  const body = new TextEncoder().encode('héllo');
  return {
    origin,
    method: 'POST',
    path: '/x?y=1',
    headers: {},
    body,
    connectTimeoutMs: 1_000,
    ...more,
  };
}

const { signal } = new AbortController();
const kinds: [string, () => Transport][] = [
  ['undici', () => new UndiciTransport({ dispatcher: undefined, connections: 4 })],
  ['fetch', () => new FetchTransport(fetch)],
];

for (const [name, make] of kinds) {
  test(`${name}: brings the reply, whatever its status, and follows no redirect`, async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.writeHead(302, { location: '/elsewhere', 'retry-after-ms': '7' });
      request.pipe(response);
    });
    const transport = make();
    const reply = await transport.request(post(url), signal);
    expect(reply.status).toBe(302);
    expect(reply.header('retry-after-ms')).toBe('7');
    expect(reply.header('nothing')).toBe(undefined);
    expect(seen).toEqual(['POST /x?y=1']);
    await transport.close();
  });

  test(`${name}: a server that hangs up may have seen the request`, async () => {
    const url = await serve((request) => request.socket.destroy());
    const transport = make();
    const failed = transport.request(post(url), signal);
    await expect(failed).rejects.toBeInstanceOf(NoReply);
    await expect(failed).rejects.toMatchObject({ isAmbiguous: true });
    await transport.close();
  });

  test(`${name}: an abort ends it with its reason`, async () => {
    const url = await serve(() => {});
    const transport = make();
    const stop = new AbortController();
    const failed = transport.request(post(url), stop.signal);
    stop.abort(new Error('enough'));
    await expect(failed).rejects.toThrow('enough');
    await transport.close();
  });
}

test('undici: nothing was sent where nobody listens', async () => {
  const url = await serve(() => {});
  for (const server of servers) server.close();
  const transport = new UndiciTransport({ dispatcher: undefined, connections: 4 });
  const failed = transport.request(post(url), signal);
  await expect(failed).rejects.toMatchObject({ isAmbiguous: false });
  await transport.close();
});

test("undici: a user's dispatcher is used, and left open", async () => {
  const url = await serve((_, response) => response.end('there'));
  const { Agent } = await import('undici');
  let used = 0;
  const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
    used += 1;
    return dispatch(options, handler);
  });
  const transport = new UndiciTransport({ dispatcher, connections: 4 });
  expect((await transport.request(post(url), signal)).body).toBe('there');
  await transport.close();
  expect(used).toBe(1);
  expect(
    (await new UndiciTransport({ dispatcher, connections: 1 }).request(post(url), signal)).status,
  ).toBe(200);
  await dispatcher.close();
});
