import { connect, type Socket } from 'node:net';

export interface PacedLoad {
  readonly port: number;
  readonly key: string;
  readonly body: string;
  readonly perSecond: number;
  readonly connections: number;
}

export interface PacedResult {
  /** From the moment at which each was due, so that waiting for a free connection counts. */
  readonly tookMs: readonly number[];
  readonly statuses: Readonly<Record<string, number>>;
}

interface Line {
  readonly socket: Socket;
  dueMs: number | undefined;
  unread: Buffer;
}

const head = Buffer.from('\r\n\r\n');

/**
 * Sends at a fixed rate, however slowly it is answered, over kept connections with a request each.
 * Written on bare sockets, as an HTTP client of Node's would take more CPU than the server.
 */
export class PacedSender {
  readonly #load: PacedLoad;
  readonly #request: Buffer;
  readonly #free: Line[] = [];
  readonly #waiting: number[] = [];
  #tookMs: number[] = [];
  #statuses: Record<string, number> = {};

  constructor(load: PacedLoad) {
    this.#load = load;
    this.#request = Buffer.from(
      `POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${load.key}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(load.body)}\r\n\r\n${load.body}`,
    );
  }

  /** Opens all connections. */
  async open(): Promise<void> {
    const { connections } = this.#load;
    await Promise.all(Array.from({ length: connections }, () => this.#openLine()));
  }

  /** Sends for so long, and tells what came of what was answered meanwhile. */
  async run(seconds: number): Promise<PacedResult> {
    this.#tookMs = [];
    this.#statuses = {};
    const startMs = performance.now();
    let sent = 0;
    for (;;) {
      const nowMs = performance.now();
      if (nowMs >= startMs + 1_000 * seconds) break;
      const due = Math.floor(((nowMs - startMs) / 1_000) * this.#load.perSecond);
      for (; sent < due; sent += 1) this.#send(nowMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return { tookMs: this.#tookMs, statuses: this.#statuses };
  }

  /** As many as can be answered: each connection sends its next request at once. */
  async flatOut(seconds: number): Promise<number> {
    const before = performance.now();
    const { connections } = this.#load;
    let answered = 0;
    while (performance.now() < before + 1_000 * seconds) {
      this.#tookMs = [];
      while (this.#free.length > 0) this.#send(performance.now());
      await new Promise((resolve) => setImmediate(resolve));
      answered += this.#tookMs.length;
    }
    return Math.max(0, answered - connections) / seconds;
  }

  close(): void {
    for (const { socket } of this.#free) socket.destroy();
  }

  #send(dueMs: number): void {
    const line = this.#free.shift(); // all take turns: one that never sends is ended by the server
    if (line === undefined) {
      if (this.#waiting.length < 10_000) this.#waiting.push(dueMs);
      return;
    }
    line.dueMs = dueMs;
    line.socket.write(this.#request);
  }

  async #openLine(): Promise<void> {
    const socket = connect({ port: this.#load.port, host: '127.0.0.1', noDelay: true });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const line: Line = { socket, dueMs: undefined, unread: Buffer.alloc(0) };
    socket.on('data', (chunk: Buffer) => this.#read(line, chunk));
    this.#free.push(line);
  }

  #read(line: Line, chunk: Buffer): void {
    const unread = line.unread.length === 0 ? chunk : Buffer.concat([line.unread, chunk]);
    line.unread = unread;
    const headEnd = unread.indexOf(head);
    if (headEnd === -1) return;
    const text = unread.toString('latin1', 0, headEnd);
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`an answer without a length:\n${text}`);
    if (unread.length < headEnd + head.length + length) return;
    line.unread = Buffer.alloc(0);
    const status = text.slice(9, 12);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (line.dueMs !== undefined) this.#tookMs.push(performance.now() - line.dueMs);
    line.dueMs = undefined;
    this.#free.push(line);
    const waited = this.#waiting.shift();
    if (waited !== undefined) this.#send(waited);
  }
}
