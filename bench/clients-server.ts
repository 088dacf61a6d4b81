import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { type FakeOptions, FakeWeir } from '@weir/client/testing';
import { systemWorld } from '@weir/core/world/system';

/** What a server saw of the clients that were sent to it. */
export interface Seen {
  /** Requests that would store something, those that were refused too. */
  readonly requests: number;
  readonly refused: number;
  /** Requests in the second that had most of them. */
  readonly peakPerSecond: number;
  /** Events that were taken, each counted once. */
  readonly delivered: number;
  /** Of these, taken more than once. */
  readonly doubled: number;
  /** Wall clock of the first request; NaN where none came. */
  readonly firstAtMs: number;
}

/** A server that all clients can talk to. */
export interface ClientsServer extends AsyncDisposable {
  readonly url: string;
  seen(): Seen;
}

interface OthersEvent {
  readonly event: string;
  readonly properties: object;
}

/**
 * Starts weir's law of quotas with its answers, which are the same for all: 429 with `Retry-After` in
 * whole seconds, `retry-after-ms` and the `RateLimit` fields. What event SDKs of others post is put into
 * our form before, and taken is said in theirs.
 */
export async function startClientsServer(
  quotas: FakeOptions['quotas'] = [],
): Promise<ClientsServer> {
  const weir = new FakeWeir({ quotas }, systemWorld);
  const arrivedMs: number[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'POST') arrivedMs.push(Date.now());
    answer(weir, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 600_000; // none of a client's trouble is to come from its connections
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen: () => countOf(weir, arrivedMs),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  weir: FakeWeir,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const text = await bodyOf(request);
  const isOurs = url.startsWith('/v1/') && url !== '/v1/batch';
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, `${value}`]),
  );
  if (isOurs) {
    const { status, headers: told, body } = weir.answer({ method, path: url, headers, body: text });
    response.writeHead(status, told).end(body);
    return;
  }
  const { batch } = JSON.parse(text) as { batch: readonly OthersEvent[] };
  const lines = batch.map(({ event, properties }) =>
    JSON.stringify({ type: event, data: properties }),
  );
  const reply = weir.answer({ method, path: '/v1/events', headers: {}, body: lines.join('\n') });
  const isTaken = reply.status < 300;
  response.writeHead(isTaken ? 200 : reply.status, isTaken ? ourType : reply.headers);
  response.end(isTaken ? '{"success":true}' : reply.body);
}

const ourType = { 'content-type': 'application/json' };

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const coding = request.headers['content-encoding'];
  if (coding === 'gzip') return `${await promisify(zlib.gunzip)(bytes)}`;
  if (coding === 'zstd') return `${await promisify(zlib.zstdDecompress)(bytes)}`;
  return `${bytes}`;
}

function countOf({ events, statuses }: FakeWeir, arrivedMs: readonly number[]): Seen {
  const numbers = new Set(events.map(({ data }) => (data as { readonly n: number }).n));
  let peakPerSecond = 0;
  let oldest = 0;
  for (const [newest, atMs] of arrivedMs.entries()) {
    while ((arrivedMs[oldest] as number) <= atMs - 1_000) oldest += 1;
    peakPerSecond = Math.max(peakPerSecond, newest - oldest + 1);
  }
  return {
    requests: arrivedMs.length,
    refused: statuses.get(429) ?? 0,
    peakPerSecond,
    delivered: numbers.size,
    doubled: events.length - numbers.size,
    firstAtMs: arrivedMs[0] ?? Number.NaN,
  };
}
