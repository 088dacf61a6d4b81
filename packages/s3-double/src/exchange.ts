import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { errorXml, type S3Error } from './errors.ts';
import type { Reply } from './operations.ts';

/** Nothing more can be said: the connection is gone, or is left without a reply. */
export class ExchangeOver extends Error {
  override readonly name = 'ExchangeOver';
  readonly isCutBySender: boolean;

  constructor({ isCutBySender }: { readonly isCutBySender: boolean }) {
    super('the exchange is over');
    this.isCutBySender = isCutBySender;
  }
}

/** One request and its reply on the wire, and the ways in which they can go wrong there. */
export class Exchange {
  /** What is said before a large body was read gets lost in the reset of the connection. */
  losesEarlyReplies = false;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  /** The sender waits for `100 Continue` before it sends its body. */
  #isWaiting: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, isWaiting: boolean) {
    this.#request = request;
    this.#response = response;
    this.#isWaiting = isWaiting;
    response.on('error', () => {}); // who has gone needs no reply
  }

  /** The body as it comes. */
  async *body(): AsyncGenerator<Buffer, void, void> {
    if (this.#isWaiting) this.#response.writeContinue();
    this.#isWaiting = false;
    const pieces = this.#request.iterator({ destroyOnReturn: false });
    try {
      for (;;) {
        const next = await pieces.next().catch(() => {
          throw new ExchangeOver({ isCutBySender: true });
        });
        if (next.done === true) return;
        yield next.value as Buffer;
      }
    } finally {
      await pieces.return?.(); // lets go of the body, whose rest is thrown away
    }
  }

  /** Ends the connection at once, as a crash would. */
  reset(): never {
    this.#request.socket.resetAndDestroy();
    throw new ExchangeOver({ isCutBySender: false });
  }

  /** Says nothing until the other side has had enough. */
  async hang(): Promise<never> {
    this.#request.resume();
    if (!this.#response.closed) await once(this.#response, 'close');
    throw new ExchangeOver({ isCutBySender: false });
  }

  /** Sends half of a reply and ends the connection. */
  async cut(reply: Reply, nowMs: number): Promise<never> {
    const whole = this.#bytesOf(reply, nowMs);
    await this.#write(whole.subarray(0, whole.length >>> 1));
    this.#request.socket.destroy();
    throw new ExchangeOver({ isCutBySender: false });
  }

  /**
   * Sends a reply. Where the body was not read, its rest is read before and thrown away; not so
   * where that would be `tooMuchBytes` or more, or is waited with: then the connection ends.
   */
  async send(reply: Reply, nowMs: number, tooMuchBytes: number): Promise<void> {
    const { headers, complete } = this.#request;
    const length = Number(
      headers['content-length'] ?? headers['x-amz-decoded-content-length'] ?? 0,
    );
    if (!complete && !this.#isWaiting && length >= tooMuchBytes) {
      if (!this.losesEarlyReplies) await this.#write(this.#bytesOf(reply, nowMs));
      this.reset(); // whoever still sends may not even see what was written
    }
    if (!complete && this.#isWaiting) this.#response.setHeader('connection', 'close');
    else await this.#readRest();
    this.#response.writeHead(reply.status, this.#headersOf(reply, nowMs));
    this.#response.end(reply.body);
  }

  /** Sends an error as S3 does: in XML, and to a HEAD in its status alone. */
  async sendError(error: S3Error, nowMs: number, tooMuchBytes: number): Promise<void> {
    const { method, url = '' } = this.#request;
    const xml = errorXml(error, url.split('?')[0] ?? '', randomUUID());
    const headers: Record<string, string> = { 'content-type': 'application/xml' };
    const { Region } = error.details;
    if (Region !== undefined) headers['x-amz-bucket-region'] = `${Region}`;
    const body = Buffer.from(method === 'HEAD' ? '' : xml);
    await this.send({ status: error.status, headers, body }, nowMs, tooMuchBytes);
  }

  async #readRest(): Promise<void> {
    if (this.#request.complete) return;
    this.#request.resume();
    await once(this.#request, 'close').catch(() => {});
  }

  /** Past the response, which would begin an orderly end that a reset cannot overtake. */
  async #write(bytes: Buffer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#request.socket.write(bytes, () => resolve());
    await promise;
  }

  #bytesOf(reply: Reply, nowMs: number): Buffer {
    const { status, body } = reply;
    const lines = Object.entries(this.#headersOf(reply, nowMs)).map(([n, v]) => `${n}: ${v}`);
    const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', ''].join('\r\n');
    return Buffer.concat([Buffer.from(head, 'latin1'), body]);
  }

  #headersOf({ status, headers, body }: Reply, nowMs: number): Record<string, string> {
    const hasBody = status !== 204 && status !== 304 && this.#request.method !== 'HEAD';
    return {
      'x-amz-request-id': randomUUID(),
      'x-amz-id-2': 's3-double',
      date: new Date(nowMs).toUTCString(),
      ...headers,
      ...(hasBody ? { 'content-length': `${body.length}` } : {}),
      server: 'AmazonS3',
    };
  }
}
