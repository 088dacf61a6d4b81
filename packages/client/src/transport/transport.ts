import type { Ms } from '@weir/core/world/world';

/** One HTTP request. */
export interface Request {
  /** Base URL of the server, without a slash at its end. */
  readonly origin: string;
  readonly method: 'GET' | 'POST';
  /** Path and query, from the slash on. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly connectTimeoutMs: Ms;
}

/** A whole reply. */
export interface Reply {
  readonly status: number;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  readonly body: string;
}

/** No whole reply came. */
export class NoReply extends Error {
  override readonly name = 'NoReply';
  /** Whether the server may have seen the request. */
  readonly isAmbiguous: boolean;

  constructor(detail: string, isAmbiguous: boolean, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.isAmbiguous = isAmbiguous;
  }
}

/** A reply longer than this is cut off and counts as none. */
export const mostReplyBytes: number = 8 * 1024 * 1024;

/**
 * Carries one request and brings its reply, whatever its status; follows no redirect. Rejects with
 * `NoReply`, or with the signal's reason. Adapters: undici, fetch, and a script in tests.
 */
export interface Transport {
  request(request: Request, signal: AbortSignal): Promise<Reply>;
  /** Lets go of all connections. */
  close(): Promise<void>;
}
