import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import type { AppContext } from '../request.ts';

export interface BodyBounds {
  /** Most bytes on the wire; more is `too_large`, answered as soon as it is known. */
  readonly wireBytes: number;
  /** Bytes of room that are held already. */
  readonly heldBytes: number;
  /** Longest silence of the sender before `sender_stalled`. */
  readonly idleMs: Ms;
  /** Asked before more is kept than was announced; false refuses with `over_capacity`. */
  readonly grow: (bytes: number) => boolean;
}

const nothing = Buffer.alloc(0);

/**
 * The body as it came over the wire. Bounded in bytes and in the sender's silence; nothing is kept
 * of a body that is refused.
 */
export function readBody(
  c: AppContext,
  bounds: BodyBounds,
  world: World,
): Promise<Buffer | Refusal> {
  const { incoming, outgoing } = c.env ?? {};
  if (incoming === undefined) return readWebBody(c, bounds);
  if (outgoing !== undefined) admitBody(incoming, outgoing);
  return readIncoming(incoming, bounds, world);
}

/** Senders that asked are told to go on only now, when their body is really wanted. */
function admitBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.headers.expect !== undefined) outgoing.writeContinue();
}

async function readIncoming(
  incoming: IncomingMessage,
  bounds: BodyBounds,
  world: World,
): Promise<Buffer | Refusal> {
  // A body that came in one packet with its header has been parsed by the next microtask: one read
  // then, instead of two listeners and a stream's machinery.
  await undefined;
  if (incoming.readableLength === Number(incoming.headers['content-length'])) {
    return (incoming.read() as Buffer | null) ?? nothing;
  }
  return new BodyReader(incoming, bounds, world).done;
}

/** Gathers a body that comes in pieces. */
class BodyReader {
  readonly done: Promise<Buffer | Refusal>;
  readonly #incoming: IncomingMessage;
  readonly #bounds: BodyBounds;
  readonly #world: World;
  readonly #chunks: Buffer[] = [];
  readonly #announced: number;
  #bytes = 0;
  #held: number;
  #heardAtMs: Ms;
  #cancelTimer: () => void = () => {};
  #settle: (result: Buffer | Refusal) => void = () => {};

  constructor(incoming: IncomingMessage, bounds: BodyBounds, world: World) {
    this.#incoming = incoming;
    this.#bounds = bounds;
    this.#world = world;
    this.#announced = Number(incoming.headers['content-length'] ?? Number.NaN);
    this.#held = bounds.heldBytes;
    this.#heardAtMs = world.now();
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    incoming.on('data', this.#onData);
    incoming.on('end', this.#onEnd);
    incoming.on('error', this.#onHungUp);
    incoming.on('close', this.#onHungUp);
    if (incoming.destroyed) this.#onHungUp();
    else this.#watch(bounds.idleMs);
  }

  #finish(result: Buffer | Refusal): void {
    this.#cancelTimer();
    this.#incoming.off('data', this.#onData);
    this.#incoming.off('end', this.#onEnd);
    this.#incoming.off('close', this.#onHungUp);
    // The error listener stays: a late error of a sender we have given up on is no news.
    this.#settle(result);
  }

  /** One timer a body, however often it is heard of. */
  #watch(inMs: Ms): void {
    this.#cancelTimer = this.#world.after(inMs, () => {
      const silentMs = this.#world.now() - this.#heardAtMs;
      if (silentMs < this.#bounds.idleMs) this.#watch(this.#bounds.idleMs - silentMs);
      else this.#finish(stalled(this.#bounds.idleMs, this.#bytes, this.#announced));
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#heardAtMs = this.#world.now();
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bounds.wireBytes) {
      this.#finish(tooLarge(this.#bounds.wireBytes));
    } else if (this.#makeRoom()) {
      this.#chunks.push(chunk);
    } else {
      this.#finish(noRoom(this.#bytes));
    }
  };

  #makeRoom(): boolean {
    if (this.#bytes <= this.#held) return true;
    const more = Math.max(this.#bytes - this.#held, this.#held);
    if (!this.#bounds.grow(more)) return false;
    this.#held += more;
    return true;
  }

  readonly #onEnd = (): void => {
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 ? (first as Buffer) : Buffer.concat(this.#chunks);
    this.#finish(whole);
  };

  readonly #onHungUp = (): void => this.#finish(hungUp(this.#bytes, this.#announced));
}

export function tooLarge(mostBytes: number, announced?: number): Refusal {
  const given = announced === undefined ? 'more' : `${announced} bytes`;
  return {
    refused: 'too_large',
    detail: `body: expected at most ${mostBytes} bytes on the wire, got ${given}`,
    members: { limit: mostBytes },
  };
}

function stalled(idleMs: Ms, bytes: number, announced: number): Refusal {
  return {
    refused: 'sender_stalled',
    detail: `nothing was heard for ${idleMs} ms; ${progress(bytes, announced)}`,
  };
}

function hungUp(bytes: number, announced: number): Refusal {
  return { refused: 'aborted', detail: `the connection ended; ${progress(bytes, announced)}` };
}

function progress(bytes: number, announced: number): string {
  return Number.isNaN(announced)
    ? `${bytes} bytes of the body had arrived`
    : `${bytes} of ${announced} bytes of the body had arrived`;
}

function noRoom(bytes: number): Refusal {
  return {
    refused: 'over_capacity',
    detail: `no room in the spool for a body of more than ${bytes} bytes`,
    retryAfterMs: 1_000,
  };
}

/** The same, for an app that is called in process and has no socket. */
async function readWebBody(c: AppContext, bounds: BodyBounds): Promise<Buffer | Refusal> {
  const body = Buffer.from(await c.req.raw.arrayBuffer());
  if (body.length > bounds.wireBytes) return tooLarge(bounds.wireBytes);
  return body;
}
