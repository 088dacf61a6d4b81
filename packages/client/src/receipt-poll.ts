import type { ReceiptStatus } from '@weir/core/wire/receipt';
import { fields, paths } from '@weir/core/wire/routes';
import { sleep } from '@weir/core/world/sleep';
import type { Ms } from '@weir/core/world/world';
import { within } from './attempt.ts';
import type { ReceiptDeps, StoredEvent, StoredOptions } from './receipts.ts';
import { NoReply, type Reply } from './transport/transport.ts';
import { WeirError } from './weir-error.ts';

const defaultTimeoutMs = 300_000;
const pollSeconds = 20;
const pauseMs = 1_000;

/** The one poll of a batch, shared by all of its events. */
export class ReceiptPoll {
  readonly id: string;
  readonly #origin: string;
  readonly #deps: ReceiptDeps;
  #status: Promise<ReceiptStatus> | undefined;
  #waiters = 0;
  #isKnown = false;
  #stop = new AbortController();

  constructor(id: string, origin: string, deps: ReceiptDeps) {
    this.id = id;
    this.#origin = origin;
    this.#deps = deps;
  }

  /** Resolves when the event at `index` is in the object store. */
  async stored(index: number, { signal, timeoutMs }: StoredOptions): Promise<StoredEvent> {
    const status = await this.#wait(timeoutMs ?? defaultTimeoutMs, signal);
    if (status.state === 'dead') {
      throw new WeirError('dead_letter', `the object store refused batch ${this.id} for good`, {
        requestId: this.id,
      });
    }
    const place = status.events.find((event) => event.index === index);
    if (place === undefined) {
      throw new WeirError('not_stored', `batch ${this.id} is stored without event ${index}`);
    }
    return { key: place.object, line: place.line };
  }

  /** Joins the one poll; it ends when nobody waits for it any more. */
  #wait(timeoutMs: Ms, signal: AbortSignal | undefined): Promise<ReceiptStatus> {
    const { promise, resolve, reject } = Promise.withResolvers<ReceiptStatus>();
    const late = `batch ${this.id} was not stored within ${timeoutMs} ms`;
    const cancelTimer = this.#deps.world.after(timeoutMs, () =>
      reject(new WeirError('not_stored', late, { requestId: this.id })),
    );
    const aborted = (): void =>
      reject(new WeirError('cancelled', 'the signal was aborted', { cause: signal?.reason }));
    if (signal?.aborted) aborted();
    signal?.addEventListener('abort', aborted);
    this.#waiters += 1;
    const release = this.#deps.keepAlive.hold();
    this.#status ??= this.#poll(this.#stop.signal).catch((error) => {
      this.#status = undefined; // whoever asks later asks anew
      throw error;
    });
    this.#status.then(resolve, reject);
    return promise.finally(() => {
      release();
      cancelTimer();
      signal?.removeEventListener('abort', aborted);
      this.#waiters -= 1;
      if (this.#waiters === 0 && !this.#isKnown) this.#rest();
    });
  }

  /** Nobody waits: the poll under way ends, and the next who waits begins another. */
  #rest(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#status = undefined;
  }

  async #poll(signal: AbortSignal): Promise<ReceiptStatus> {
    for (;;) {
      const status = await this.#ask(signal).catch((error) => {
        if (error instanceof NoReply) return undefined;
        throw error;
      });
      if (status?.state === 'stored' || status?.state === 'dead') {
        this.#isKnown = true;
        return status;
      }
      // `unknown` may be in the spool of another server behind the same address.
      await sleep(this.#deps.world, pauseMs, signal);
    }
  }

  /** undefined where the server cannot tell at the moment. */
  async #ask(signal: AbortSignal): Promise<ReceiptStatus | undefined> {
    const { world, transport, keys, options } = this.#deps;
    const { key } = await keys.current();
    const limitMs = options.attemptTimeoutMs + pollSeconds * 1_000;
    const reply = await within(world, { limitMs, late: 'no answer', signal }, (limited) =>
      transport.request(
        {
          origin: this.#origin,
          method: 'GET',
          path: `${paths.receipts}${this.id}?wait=${pollSeconds}`,
          headers: { authorization: `Bearer ${key}` },
          connectTimeoutMs: options.connectTimeoutMs,
        },
        limited,
      ),
    );
    return this.#read(reply, signal);
  }

  async #read(reply: Reply, signal: AbortSignal): Promise<ReceiptStatus | undefined> {
    if (reply.status === 200) return JSON.parse(reply.body) as ReceiptStatus;
    if (reply.status === 404 || reply.status === 401 || reply.status === 403) {
      throw new WeirError(
        'not_stored',
        `no receipt ${this.id}: the server answered ${reply.status}`,
        {
          status: reply.status,
        },
      );
    }
    const waitMs = Number(reply.header(fields.retryAfterMs) ?? 0);
    if (waitMs > 0) await sleep(this.#deps.world, Math.min(waitMs, 60_000), signal);
    return undefined;
  }
}
