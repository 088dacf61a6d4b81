import './attempt.ts'; // loaded ahead, since virtual time does not wait for the disk
import './send-many.ts';
import { VirtualWorld } from '@weir/core/world/virtual';
import type { World } from '@weir/core/world/world';
import type { Files } from '@weir/segment-log/files';
import { nodeFiles } from '@weir/segment-log/node-files';
import { expect } from 'vitest';
import { Client, type EventMap } from './client.ts';
import { openBacklog } from './open-backlog.ts';
import type { ClientOptions } from './options.ts';
import type { Platform } from './platform.ts';
import { newRegistry, type Registry } from './throttle-registry.ts';
import { NoReply, type Reply, type Request, type Transport } from './transport/transport.ts';

/** What a scripted server makes of a request; a string is the reason why no answer comes. */
export type Script = (request: Request, world: VirtualWorld) => Scripted;
export type Scripted =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | { readonly silent: string; readonly isAmbiguous: boolean };

export interface Seen {
  readonly atMs: number;
  readonly origin: string;
  readonly key: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly events: { readonly id: string; readonly type: string; readonly data: unknown }[];
}

const key = `weir_abcdefghijkl_${'S'.repeat(43)}`;

/** A client in virtual time, before a server that answers by a script. */
export class ClientWorld {
  readonly world: VirtualWorld = new VirtualWorld({ seed: 1 });
  readonly seen: Seen[] = [];
  script: Script;
  roundTripMs: number | (() => number) = 20;
  /** When what falls due at an instant happens: later where the machine is held up. */
  wakesAtMs: (dueMs: number) => number = (dueMs) => dueMs;
  /** Named as the encoding of bodies, which are sent as they are. */
  encoding: string | undefined;
  readonly #registry: Registry = newRegistry();
  held = 0;
  /** Where spools lie. */
  files: Files = nodeFiles;

  constructor(script: Script = takesAll()) {
    this.script = script;
  }

  client<Events extends EventMap>(options: ClientOptions = {}): Client<Events> {
    const given = {
      apiKey: `weir_abcdefghijkl_${'S'.repeat(43)}`,
      baseUrl: 'http://a',
      ...options,
    };
    return new Client<Events>(given, this.platform());
  }

  /** A process of its own: once killed, nothing of it happens any more. */
  process(): { client: (options?: ClientOptions) => Client; kill: () => void } {
    const life = { isOver: false };
    const platform = this.platform(life);
    const apiKey = key;
    return {
      client: (options = {}) => new Client({ apiKey, baseUrl: 'http://a', ...options }, platform),
      kill: () => {
        life.isOver = true;
      },
    };
  }

  platform(given?: { readonly isOver: boolean }): Platform {
    const life = given ?? { isOver: false };
    const registry = given === undefined ? this.#registry : newRegistry();
    const { files } = this;
    const world: World = {
      now: () => this.world.now(),
      date: () => this.world.date(),
      random: this.world.random,
      randomBytes: this.world.randomBytes,
      after: (delayMs, task) =>
        this.world.after(this.#heldUp(delayMs), () => {
          if (!life.isOver) task();
        }),
    };
    return {
      world,
      env: {},
      transport: () => this.#transport(life),
      compress: () => async (bytes) =>
        this.encoding === undefined ? undefined : { encoding: this.encoding, bytes },
      startHolding: () => {
        this.held += 1;
        return () => {
          this.held -= 1;
        };
      },
      registry: () => registry,
      publish: () => {},
      openBacklog: (options, deps, signal) => openBacklog(options, deps, signal, files),
      tracing: () => undefined,
    };
  }

  /** Lets everything happen up to an instant. */
  async runTo(untilMs: number): Promise<void> {
    await this.world.settleAll(untilMs);
  }

  #transport(life: { readonly isOver: boolean }): Transport {
    return {
      close: async () => {},
      request: async (request, signal) => {
        const { roundTripMs } = this;
        const half = (typeof roundTripMs === 'number' ? roundTripMs : roundTripMs()) / 2;
        await this.#pause(half, signal);
        if (life.isOver) return await new Promise<never>(() => {});
        this.#note(request);
        const scripted = this.script(request, this.world);
        await this.#pause(half, signal);
        if ('silent' in scripted) throw new NoReply(scripted.silent, scripted.isAmbiguous);
        return asReply(scripted);
      },
    };
  }

  #heldUp(delayMs: number): number {
    const nowMs = this.world.now();
    return this.wakesAtMs(nowMs + Math.max(0, delayMs)) - nowMs;
  }

  #note({ origin, path, headers, body }: Request): void {
    const text = body === undefined ? '' : new TextDecoder().decode(body);
    const lines = text.split('\n').filter((line) => line !== '');
    this.seen.push({
      atMs: this.world.now(),
      origin,
      path,
      key: headers['idempotency-key'] ?? '',
      headers,
      events: lines.map((line) => JSON.parse(line)),
    });
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        cancel();
        reject(signal.reason);
      };
      const cancel = this.world.after(this.#heldUp(ms), () => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
      signal.addEventListener('abort', aborted, { once: true });
      if (signal.aborted) aborted();
    });
  }
}

function asReply({ status, headers = {}, body }: Extract<Scripted, { status: number }>): Reply {
  return {
    status,
    header: (name) => headers[name],
    body: body === undefined ? '' : JSON.stringify(body),
  };
}

/** Takes everything; receipts count up. */
export function takesAll(): Script {
  let receipts = 0;
  return (request) => {
    receipts += 1;
    const accepted = Number(request.headers['weir-events'] ?? 0);
    const receipt = `aaaaaaaaaaaaaaaa-1-${receipts}`;
    return { status: 202, body: { receipt, accepted, rejected: [] } };
  };
}

/** A refusal as weir writes it. */
export function refusal(
  status: number,
  code: string,
  more: { headers?: Record<string, string>; [member: string]: unknown } = {},
): Scripted {
  const { headers = {}, ...members } = more;
  return { status, headers, body: { status, code, detail: `said ${code}`, ...members } };
}

/** Each of these once, in this order; then the rest takes all. */
export function first(scripted: readonly Scripted[], rest: Script = takesAll()): Script {
  const left = [...scripted];
  return (request, world) => left.shift() ?? rest(request, world);
}

export const unreachable: Scripted = { silent: 'connect ECONNREFUSED', isAmbiguous: false };
export const cutOff: Scripted = { silent: 'other side closed', isAmbiguous: true };

/** Lets a call run to its end in virtual time. */
export async function ended<T>(
  at: ClientWorld,
  promise: Promise<T>,
  untilMs = 3_600_000,
): Promise<T> {
  promise.catch(() => {});
  await at.runTo(untilMs);
  return await Promise.race([promise, Promise.reject(new Error('it never ended'))]);
}

/** The sums of the books, at this instant. */
export function addsUp(client: Pick<Client, 'stats'>): void {
  const { queued, recovered, acked, rejected, dropped, spooled, inMemory } = client.stats();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expect(queued + recovered).toBe(acked + rejected + lost + spooled + inMemory);
}
