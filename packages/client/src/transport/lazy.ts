import type { Reply, Request, Transport } from './transport.ts';

/** A transport that is loaded with its first request, so that importing the package costs little. */
export class LazyTransport implements Transport {
  readonly #load: () => Promise<Transport>;
  #loaded: Promise<Transport> | undefined;

  constructor(load: () => Promise<Transport>) {
    this.#load = load;
  }

  async request(request: Request, signal: AbortSignal): Promise<Reply> {
    this.#loaded ??= this.#load();
    const transport = await this.#loaded;
    return await transport.request(request, signal);
  }

  async close(): Promise<void> {
    await (await this.#loaded)?.close();
  }
}
