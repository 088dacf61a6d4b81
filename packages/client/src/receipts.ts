import type { Ms, World } from '@weir/core/world/world';
import type { KeepAlive } from './keep-alive.ts';
import type { KeyHolder } from './key-holder.ts';
import type { ResolvedOptions } from './options.ts';
import type { ReceiptPoll } from './receipt-poll.ts';
import type { Transport } from './transport/transport.ts';

/** Where one event lies in the object store. */
export interface StoredEvent {
  /** Key of the object. */
  readonly key: string;
  /** Its line there, from 1. */
  readonly line: number;
}

/** How long to wait for an event to be in the object store. */
export interface StoredOptions {
  readonly signal?: AbortSignal | undefined;
  /** @default 300_000 */
  readonly timeoutMs?: Ms | undefined;
}

/** What `send` resolves with: the server has the event, safe on its disk. */
export interface Receipt {
  /** Names the batch the event came in; the same for all of its events. */
  readonly id: string;
  /** The event's place in that batch, from 0. */
  readonly index: number;
  /**
   * Resolves when the event is in the object store. All events of a batch share one poll. Rejects with
   * `not_stored` when the time is over, `dead_letter`, or `cancelled`.
   */
  stored(options?: StoredOptions): Promise<StoredEvent>;
}

export interface ReceiptDeps {
  readonly world: World;
  readonly transport: Transport;
  readonly keys: KeyHolder;
  readonly keepAlive: KeepAlive;
  readonly options: Pick<ResolvedOptions, 'connectTimeoutMs' | 'attemptTimeoutMs'>;
}

/** Makes the receipts of one batch. What asks the server is loaded when somebody wants to know. */
export function receiptsOf(
  id: string,
  origin: string,
  deps: ReceiptDeps,
): (index: number) => Receipt {
  let poll: Promise<ReceiptPoll> | undefined;
  const load = async (): Promise<ReceiptPoll> => {
    const release = deps.keepAlive.hold();
    try {
      const { ReceiptPoll } = await import('./receipt-poll.ts');
      return new ReceiptPoll(id, origin, deps);
    } finally {
      release();
    }
  };
  return (index) => ({
    id,
    index,
    stored: async (options = {}) => {
      poll ??= load();
      return await (await poll).stored(index, options);
    },
  });
}
