import { mostReplyBytes, NoReply, type Reply, type Request, type Transport } from './transport.ts';

/** HTTP by the `fetch` of the runtime: for places where undici cannot run. */
export class FetchTransport implements Transport {
  readonly #fetch: typeof fetch;

  constructor(fetchFunction: typeof fetch) {
    this.#fetch = fetchFunction;
  }

  async request(request: Request, signal: AbortSignal): Promise<Reply> {
    try {
      const response = await this.#fetch(request.origin + request.path, {
        method: request.method,
        headers: request.headers,
        body: (request.body ?? null) as Uint8Array<ArrayBuffer> | null,
        redirect: 'manual',
        signal,
      });
      const { status, headers } = response;
      const body = await readText(response);
      return { status, header: (name) => headers.get(name) ?? undefined, body };
    } catch (error) {
      signal.throwIfAborted();
      // Whether anything was sent is not told, so it may have been.
      throw new NoReply(error instanceof Error ? error.message : String(error), true, error);
    }
  }

  async close(): Promise<void> {
    // The runtime keeps the connections, and lets go of them.
  }
}

async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > mostReplyBytes) throw new Error(`the reply is longer than ${mostReplyBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
