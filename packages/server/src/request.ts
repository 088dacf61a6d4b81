import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'hono';

/** What Hono's Node adapter hands to a handler; absent where an app is called in process. */
export interface NodeBindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}

export type AppEnv = { readonly Bindings: NodeBindings };
export type AppContext = Context<AppEnv>;

/** Header fields by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * The headers as Node parsed them: reading them through a web `Headers` costs 2 µs more a request.
 */
export function headersOf(c: AppContext): RequestHeaders {
  const incoming = c.env?.incoming;
  return incoming === undefined ? Object.fromEntries(c.req.raw.headers) : incoming.headers;
}

/** One header field; several lines of the same name count as none of them. */
export function headerOf(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** The announced length of the body; undefined where it is chunked or not said. */
export function contentLength(headers: RequestHeaders): number | undefined {
  const text = headers['content-length'];
  return typeof text === 'string' ? Number(text) : undefined;
}

/** Whether the body is compressed, so that its length on the wire says little. */
export function isEncoded(headers: RequestHeaders): boolean {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding !== 'identity';
}
