import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { sleep } from '@weir/core/world/sleep';
import { systemWorld } from '@weir/core/world/system';
import { type FakeOptions, FakeWeir } from './fake-weir.ts';

/** A fake weir that listens on loopback. */
export interface FakeServer extends AsyncDisposable {
  readonly url: string;
  /** A key it takes. */
  readonly key: string;
  /** What it took, and what is to go wrong. */
  readonly weir: FakeWeir;
  close(): Promise<void>;
}

/**
 * Starts a server for tests that answers as weir does: the real law of quotas, Idempotency-Keys, a
 * result for each event, receipts; faults by script.
 *
 * @example
 * await using server = await startFakeWeir({ quotas: [{ tokens: 10, periodMs: 1_000, burst: 10 }] });
 * await using client = new IngestClient({ baseUrl: server.url, apiKey: server.key });
 * server.weir.fail({ drop: 'after' });
 * await client.send('order.paid', { cents: 1900 });
 * assert.equal(server.weir.events.length, 1);
 */
export async function startFakeWeir(options: FakeOptions = {}): Promise<FakeServer> {
  const weir = new FakeWeir(options, systemWorld);
  const ended = new AbortController();
  const server = createServer((request, response) => {
    answer(weir, request, response, ended.signal).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    ended.abort();
    server.closeAllConnections();
    server.close();
    if (server.listening) await once(server, 'close');
  };
  const key = options.key ?? `weir_fakefakefake_${'0'.repeat(43)}`;
  return { url: `http://127.0.0.1:${port}`, key, weir, close, [Symbol.asyncDispose]: close };
}

async function answer(
  weir: FakeWeir,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const body = await bodyOf(request);
  const isSending = request.method === 'POST';
  const fault = isSending ? weir.takeFault() : undefined;
  if (fault !== undefined && 'drop' in fault && fault.drop === 'before') {
    request.socket.destroy();
    return;
  }
  if (fault !== undefined && 'delayMs' in fault) await sleep(systemWorld, fault.delayMs, signal);
  if (fault !== undefined && 'status' in fault) {
    response.writeHead(fault.status).end();
    return;
  }
  const refused =
    fault !== undefined && 'refuse' in fault
      ? { refused: fault.refuse, detail: 'by script', ...waitOf(fault.retryAfterMs) }
      : undefined;
  const { method = 'GET', url = '/', headers } = request;
  const plain = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, `${value}`]),
  );
  const reply = weir.answer({ method, path: url, headers: plain, body }, refused);
  if (fault !== undefined && 'drop' in fault) {
    request.socket.destroy();
    return;
  }
  response.writeHead(reply.status, reply.headers).end(reply.body);
}

function waitOf(retryAfterMs: number | undefined): { retryAfterMs?: number } {
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  switch (request.headers['content-encoding']) {
    case 'gzip':
      return (await promisify(zlib.gunzip)(bytes)).toString('utf8');
    case 'zstd':
      return (await promisify(zlib.zstdDecompress)(bytes)).toString('utf8');
    default:
      return bytes.toString('utf8');
  }
}
