import { connect, type Socket } from 'node:net';

export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a connection ended: as TCP has it, or torn down. */
export type WireEnd = 'closed' | 'reset';

/** A connection on which a test says exactly what it wants to say, byte by byte. */
export class Wire {
  /** Set once the other side, or this one, is done with the connection. */
  end: WireEnd | undefined;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #changed: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed();
    });
    socket.on('end', () => this.#ended('closed'));
    socket.on('error', () => this.#ended('reset'));
    socket.on('close', () => this.#ended('closed'));
  }

  /** @param deaf reads nothing before `listen` is called, like a sender that only writes */
  static async open(url: string, { deaf = false }: { deaf?: boolean } = {}): Promise<Wire> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    if (deaf) socket.pause();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve).once('error', reject);
    await promise;
    const wire = new Wire(socket);
    if (deaf) socket.pause(); // the listener for data has set it going
    return wire;
  }

  listen(): void {
    this.#socket.resume();
  }

  /** Resolves when all of it has left for the kernel; also when the other side wants no more. */
  send(bytes: string | Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.write(bytes, () => resolve());
    return promise;
  }

  /** The next reply, `100 Continue` included. Rejects where the connection ends before it is whole. */
  async reply(withinMs = 20_000): Promise<WireReply> {
    return await this.#until('a whole reply', withinMs, () => {
      const found = cutReply(this.#received);
      if (found !== undefined) this.#received = this.#received.subarray(found.length);
      else if (this.end !== undefined) throw new Error(`${this.end} after ${this.#shown()}`);
      return found?.reply;
    });
  }

  /** Resolves when the other side has ended the connection; nothing more may have come before. */
  async ended(withinMs = 20_000): Promise<WireEnd> {
    const end = await this.#until('the end of the connection', withinMs, () => this.end);
    if (this.#received.length > 0) throw new Error(`more came: ${this.#shown()}`);
    return end;
  }

  /** Ends it as a client does that has all it wanted. */
  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  /** Ends it as a client does that crashed. */
  hangUp(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #ended(end: WireEnd): void {
    this.end ??= end;
    this.#changed();
  }

  async #until<T>(what: string, withinMs: number, look: () => T | undefined): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no ${what} within ${withinMs} ms`)), withinMs);
    try {
      for (;;) {
        const found = look();
        if (found !== undefined) return found;
        const { promise: changed, resolve } = Promise.withResolvers<void>();
        this.#changed = resolve;
        await Promise.race([changed, late]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #shown(): string {
    return JSON.stringify(this.#received.toString('latin1').slice(0, 200));
  }
}

/** The text of a POST to `/v1/events`, framed by its Content-Length unless `headers` say otherwise. */
export function requestText(key: string, body: string, headers: readonly string[] = []): string {
  const isFramed = headers.some((line) => /^(content-length|transfer-encoding):/i.test(line));
  const length = isFramed ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const hasType = headers.some((line) => /^content-type:/i.test(line));
  const type = hasType ? [] : ['Content-Type: application/json'];
  const first = ['POST /v1/events HTTP/1.1', 'Host: weir', `Authorization: Bearer ${key}`];
  return `${[...first, ...type, ...length, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** The first reply in these bytes and how long it is; undefined where it is not whole yet. */
function cutReply(bytes: Buffer): { reply: WireReply; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${first} `)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no HTTP reply: ${JSON.stringify(first)}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const start = headEnd + 4;
  const hasBody = status >= 200 && status !== 204 && status !== 304;
  if (hasBody && headers['content-length'] === undefined) throw new Error(`no length: ${first}`);
  const end = start + (hasBody ? Number(headers['content-length']) : 0);
  if (bytes.length < end) return undefined;
  return { reply: { status, headers, body: bytes.toString('utf8', start, end) }, length: end };
}
