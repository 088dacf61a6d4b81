import type { Dispatcher, Pool } from 'undici';
import { mostReplyBytes, NoReply, type Reply, type Request, type Transport } from './transport.ts';

export type { Dispatcher };

type Undici = typeof import('undici');

/** Where the `fetch` of Node 22 and 24 keeps its dispatcher, and that of later ones. */
const globals = [
  Symbol.for('undici.globalDispatcher.1'),
  Symbol.for('undici.globalDispatcher.2'),
] as const;

let loading: Promise<Undici> | undefined;

/**
 * Loads undici, at the first request, and leaves the dispatcher of the built-in `fetch` as it was:
 * merely importing undici 8 replaces it, after which a `fetch` of Node 22 with a Content-Length fails.
 */
function loadUndici(): Promise<Undici> {
  loading ??= (async () => {
    void globalThis.Response; // lets the built-in one set up its own first, where it is lazy
    const held = globalThis as unknown as Record<symbol, unknown>;
    const before = globals.map((name) => held[name]);
    const undici = await import('undici');
    for (const [i, name] of globals.entries()) {
      // One that was not there before is undici's own: others need it from now on.
      if (before[i] !== undefined && held[name] !== before[i]) held[name] = before[i];
    }
    return undici;
  })();
  return loading;
}

/** Nothing reached the server with one of these. */
const unsent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export interface UndiciOptions {
  /** Of the user; used for all servers and never closed here. */
  readonly dispatcher: Dispatcher | undefined;
  readonly connections: number;
}

/** HTTP by a pool of undici for each server, or by the user's own dispatcher. */
export class UndiciTransport implements Transport {
  readonly #options: UndiciOptions;
  readonly #pools = new Map<string, Pool>();

  constructor(options: UndiciOptions) {
    this.#options = options;
  }

  async request(request: Request, signal: AbortSignal): Promise<Reply> {
    const undici = await loadUndici();
    signal.throwIfAborted();
    const url = new URL(request.origin + request.path);
    try {
      // As a method of the dispatcher it would need a class of the same copy of undici.
      const response = await undici.request(url, {
        dispatcher: this.#options.dispatcher ?? this.#poolOf(undici, request, url.origin),
        method: request.method,
        headers: request.headers as Record<string, string>,
        body: request.body ?? null,
        signal,
      });
      const { statusCode: status, headers } = response;
      const body = await readText(response.body);
      return { status, header: (name) => textOf(headers[name]), body };
    } catch (error) {
      signal.throwIfAborted();
      throw asNoReply(error);
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #poolOf(undici: Undici, { connectTimeoutMs }: Request, origin: string): Pool {
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      const { connections } = this.#options;
      // Its own limits on silence are off: each attempt has a deadline as a whole.
      pool = new undici.Pool(origin, {
        connections,
        connect: { timeout: connectTimeoutMs },
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      this.#pools.set(origin, pool);
    }
    return pool;
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostReplyBytes) throw new Error(`the reply is longer than ${mostReplyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function asNoReply(error: unknown): NoReply {
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = cause instanceof Error && cause.message !== '' ? cause.message : code;
  return new NoReply(detail, !unsent.has(code), error);
}
