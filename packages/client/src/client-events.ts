import type { Ms } from '@weir/core/world/world';
import type { DropReason } from './ledger.ts';
import type { Logger } from './options.ts';
import type { WeirError } from './weir-error.ts';

/** What a client tells while it works. Nobody has to listen. */
export interface ClientEvents {
  /** Requests wait for the pace of their key. */
  readonly throttle: {
    readonly waitMs: Ms;
    /** `pace`, `retry_after` or `slot`. */
    readonly waitingFor: string;
    readonly perSecond: number | undefined;
  };
  /** A batch was not taken and will be sent again. */
  readonly retry: {
    readonly requestId: string;
    readonly code: string;
    readonly detail: string;
    readonly attempts: number;
    readonly events: number;
    readonly retryAfterMs: Ms | undefined;
  };
  /** Events were given up without an answer that settles them. */
  readonly drop: { readonly reason: DropReason; readonly count: number };
  /** The server refused events for good. */
  readonly reject: { readonly code: string; readonly detail: string; readonly count: number };
  /** The server took a batch. */
  readonly batch: {
    readonly requestId: string;
    readonly receipt: string;
    readonly events: number;
    readonly attempts: number;
  };
  /** Another of the base URLs is used from now on. */
  readonly failover: { readonly from: string; readonly to: string };
  /** So many events of this client are safe on disk by now. */
  readonly durable: { readonly events: number };
  /** Something a person should look at; nothing is thrown where nobody listens. */
  readonly error: { readonly error: WeirError };
}

type Listener<Name extends keyof ClientEvents> = (event: ClientEvents[Name]) => void;

/** Tells listeners, a diagnostics channel `weir:client:NAME`, and for errors the logger. */
export class Emitter {
  readonly #listeners = new Map<keyof ClientEvents, Set<Listener<never>>>();
  readonly #publish: (channel: string, message: object) => void;
  readonly #logger: Logger | undefined;

  constructor(publish: (channel: string, message: object) => void, logger: Logger | undefined) {
    this.#publish = publish;
    this.#logger = logger;
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: Listener<Name>): () => void {
    let found = this.#listeners.get(name);
    if (found === undefined) {
      found = new Set();
      this.#listeners.set(name, found);
    }
    const listeners = found as Set<Listener<Name>>;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** What a listener throws is logged: it must not harm the events under way. */
  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    this.#publish(`weir:client:${name}`, event);
    if (name === 'error') {
      const { error } = event as ClientEvents['error'];
      this.#logger?.error(error.message, error.toJSON());
    }
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as Listener<Name>)(event);
      } catch (error) {
        this.#logger?.error(`a listener of "${name}" threw`, { error: String(error) });
      }
    }
  }
}
