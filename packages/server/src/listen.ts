import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { problemText } from '@weir/core/wire/problem';
import { type RefusalCode, refusals } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import type { Hono } from 'hono';
import type { AppEnv } from './request.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Longest a sender may take over the header of a request. */
  readonly headerMs: number;
  /** Told of each request that is refused here, before the app has seen it. */
  readonly onRefused?: (code: RefusalCode) => void;
  /** Told of each request that is about to be served, by what its answer will be written to. */
  readonly onRequest?: (response: ServerResponse) => void;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  readonly world: World;
}

/** A port that serves; see `listen`. */
export interface Listener {
  readonly port: number;
  /** From now on every reply ends its connection. */
  endConnections(): void;
  /** Takes no new connections, and ends the idle ones; resolves when all have ended. */
  close(): Promise<void>;
  /** Ends every connection now. */
  closeNow(): void;
}

/**
 * Serves an app on a port. What is no HTTP gets a problem document as well, and an ended connection.
 * Rejects where the port cannot be had.
 */
export async function listen(app: Hono<AppEnv>, options: ListenOptions): Promise<Listener> {
  const { onRefused = () => {}, onRequest = () => {} } = options;
  const listener = getRequestListener(app.fetch, {
    autoCleanupIncoming: false, // the app sees to unread bodies itself, with bounds of its own
    errorHandler: () => {
      onRefused('bad_request');
      return problem('bad_request', 'the URL or the Host header is not valid');
    },
  });
  const server = createServer({
    headersTimeout: options.headerMs,
    requestTimeout: 0, // bodies may take long as long as they keep coming: read-body.ts watches
    keepAliveTimeout: options.keepAliveMs,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: false, // the listener does: Node's own answer says nothing
  });
  const state = { ending: false };
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (state.ending) outgoing.shouldKeepAlive = false;
    onRequest(outgoing);
    (incoming.socket as ServingSocket)[newestReply] = outgoing;
    void listener(incoming, outgoing);
  };
  server.on('request', serve);
  server.on('checkContinue', serve); // answered before the 100, which read-body.ts sends
  server.on('checkExpectation', (_incoming, outgoing) => {
    onRefused('unknown_expectation');
    refuseExpectation(outgoing);
  });
  server.on('clientError', (error, socket) =>
    answerGarbage(error, socket as Socket, { world: options.world, onRefused }),
  );
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    endConnections: () => {
      state.ending = true;
    },
    close: () => close(server, options.world),
    closeNow: () => server.closeAllConnections(),
  };
}

const lookMs: Ms = 100;

/**
 * Not the server's own `close`, which at once ends every connection without a request: whoever has
 * just connected is about to send one. And a reply that was under way leaves another idle one.
 */
async function close(server: Server, world: World): Promise<void> {
  const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  let cancel = (): void => {};
  const endIdle = (): void => {
    cancel = world.after(lookMs, () => {
      server.closeIdleConnections();
      endIdle();
    });
  };
  endIdle();
  await closed;
  cancel();
}

function problem(code: RefusalCode, detail: string): Response {
  const headers = { 'content-type': 'application/problem+json', connection: 'close' };
  return new Response(problemText({ refused: code, detail }), {
    status: refusals[code].status,
    headers,
  });
}

function refuseExpectation(response: ServerResponse): void {
  const refused = 'unknown_expectation';
  const body = problemText({ refused, detail: 'Expect: only 100-continue is known' });
  response.writeHead(refusals[refused].status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

const garbage: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'expected at most 16 KiB of headers'],
  ERR_HTTP_REQUEST_TIMEOUT: ['sender_stalled', 'the header of the request did not arrive in time'],
};

const newestReply = Symbol('newest reply');
const isGarbled = Symbol('is garbled');

/** A connection, with the reply to the newest of its requests: those before it go out first. */
type ServingSocket = Socket & { [newestReply]?: ServerResponse; [isGarbled]?: boolean };

/**
 * What the HTTP parser gave up on gets a problem document and the end of its connection, but only
 * after the replies to all that came before it: otherwise a sender would take it for one of those.
 */
function answerGarbage(
  error: NodeJS.ErrnoException,
  socket: ServingSocket,
  { world, onRefused }: Required<Pick<ListenOptions, 'world' | 'onRefused'>>,
): void {
  if (error.code === 'ECONNRESET') socket.destroy();
  if (!socket.writable || socket[isGarbled]) return; // told once; it goes on sending
  socket[isGarbled] = true;
  const refuse = (): void => {
    if (!socket.writable) return;
    const [code, detail] = refusalOf(error);
    onRefused(code);
    endWith(socket, garbageText(code, detail), world);
  };
  const reply = socket[newestReply];
  if (reply === undefined || reply.writableFinished) refuse();
  else if (reply.req.complete || reply.headersSent) reply.once('finish', refuse);
  else if (reply.socket === null) reply.once('socket', refuse);
  else refuse();
}

function refusalOf({ code = 'unknown' }: NodeJS.ErrnoException): readonly [RefusalCode, string] {
  return garbage[code] ?? ['bad_request', `not a valid HTTP/1.1 request (${code})`];
}

function garbageText(code: RefusalCode, detail: string): string {
  const { status, title } = refusals[code];
  const body = problemText({ refused: code, detail });
  return (
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\n` +
    `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

const lingerMs: Ms = 2_000;

/** What still comes is thrown away for a while: a reset could overtake the answer. */
function endWith(socket: Socket, text: string, world: World): void {
  socket.end(text);
  const cancel = world.after(lingerMs, () => socket.destroy());
  socket.once('end', () => socket.destroy()).once('close', cancel);
}
