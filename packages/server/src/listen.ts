import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { problemOf } from '@weir/core/wire/problem';
import { type Refusal, type RefusalCode, refusals } from '@weir/core/wire/refusal';
import type { Hono } from 'hono';
import type { AppEnv } from './request.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Longest a sender may take over the header of a request. */
  readonly headerMs: number;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
}

/** A port that serves; see `listen`. */
export interface Listener {
  readonly port: number;
  /** Takes no new connections; resolves when those that are open have ended. */
  close(): Promise<void>;
  /** Ends every connection now. */
  closeNow(): void;
}

/**
 * Serves an app on a port. What is no HTTP gets a problem document as well, and an ended connection.
 * Rejects where the port cannot be had.
 */
export async function listen(app: Hono<AppEnv>, options: ListenOptions): Promise<Listener> {
  const listener = getRequestListener(app.fetch, {
    autoCleanupIncoming: false, // the app sees to unread bodies itself, with bounds of its own
    errorHandler: () => problem('bad_request', 'the URL or the Host header is not valid'),
  });
  const server = createServer({
    headersTimeout: options.headerMs,
    requestTimeout: 0, // bodies may take long as long as they keep coming: read-body.ts watches
    keepAliveTimeout: options.keepAliveMs,
    connectionsCheckingInterval: 1_000,
  });
  server.on('request', listener);
  server.on('checkContinue', listener); // answered before the 100, which read-body.ts sends
  server.on('checkExpectation', refuseExpectation);
  server.on('clientError', answerGarbage);
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return listenerOf(server);
}

function listenerOf(server: Server): Listener {
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
    closeNow: () => server.closeAllConnections(),
  };
}

function problem(code: RefusalCode, detail: string): Response {
  const headers = { 'content-type': 'application/problem+json', connection: 'close' };
  return new Response(textOf({ refused: code, detail }), {
    status: refusals[code].status,
    headers,
  });
}

function textOf(refusal: Refusal): string {
  return JSON.stringify(problemOf(refusal));
}

function refuseExpectation(_: IncomingMessage, response: ServerResponse): void {
  const body = textOf({ refused: 'bad_request', detail: 'Expect: only 100-continue is known' });
  response.writeHead(417, { 'content-type': 'application/problem+json', connection: 'close' });
  response.end(body);
}

const garbage: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'expected at most 16 KiB of headers'],
  ERR_HTTP_REQUEST_TIMEOUT: ['sender_stalled', 'the header of the request did not arrive in time'],
};

/** What the HTTP parser gave up on. The socket is all there is to answer on. */
function answerGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail] = garbage[error.code ?? ''] ?? [
    'bad_request',
    `not a valid HTTP/1.1 request (${error.code ?? 'unknown'})`,
  ];
  const body = textOf({ refused: code, detail });
  socket.end(
    `HTTP/1.1 ${refusals[code].status} ${refusals[code].title}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
