import type { Receipt } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { MemoryFiles } from '@weir/segment-log/memory-files';
import type { DeliveryEvents } from '../delivery/delivery-events.ts';
import { pack } from '../delivery/pack.ts';
import { drain } from '../drain.ts';
import { differenceOf, Ledger } from '../metrics/metrics-ledger.ts';
import { parseEvents } from '../parse-events.ts';
import { Repeats } from '../repeats.ts';
import { openDiskSpool } from '../spool/disk.ts';
import type { Spool } from '../spool/spool.ts';
import { type Governed, govern } from '../store/govern.ts';
import { deliver } from '../workers.ts';
import type { MortalWorld } from './mortal-world.model.ts';
import { lapse, type Machine } from './schedule-machine.model.ts';
import type { Message } from './schedule-senders.model.ts';

/** As `main.ts` has it. */
const backoff = { firstMs: 20, longestMs: 30_000 };
const limits = { bodyBytes: 1e6, decodedBytes: 1e6, eventBytes: 1e5, events: 1_000 };
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** How long an answer is on its way, at most: whoever dies meanwhile has not given it. */
const longestAnswerMs = 40;

/** What runs once a spool is open. */
interface Running {
  readonly spool: Spool;
  readonly repeats: Repeats;
  readonly governed: Governed;
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
}

/** A process of weir but for its sockets: spool, delivery and store as `main.ts` wires them. */
export class ScheduleServer {
  readonly ledger: Ledger = new Ledger();
  readonly warnings: string[] = [];
  state: 'starting' | 'up' | 'stopping' | 'gone' = 'starting';
  readonly #machine: Machine;
  readonly #own: MortalWorld;
  readonly #files: MemoryFiles;
  readonly #underWay = new Set<Promise<unknown>>();
  #running: Running | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#own = machine.mortal();
    this.#files = machine.files();
    this.#start().catch((error: Error) => this.#broke(error));
  }

  get spool(): Spool | undefined {
    return this.#running?.spool;
  }

  /** Takes a message, or says why not; the answer takes its time. */
  async ask(message: Message): Promise<Receipt | Refusal> {
    const answering = this.#take(message).then(async (answer) => {
      await lapse(this.#own, longestAnswerMs * this.#own.random());
      return answer;
    });
    this.#underWay.add(answering);
    return await answering.finally(() => this.#underWay.delete(answering));
  }

  /** As `ingest.ts` does. */
  async #take({ tenant, form, body, idempotency }: Message): Promise<Receipt | Refusal> {
    const { spool, repeats } = this.#running as Running;
    const slot = spool.reserve(body.length);
    if (isRefusal(slot)) return slot;
    const take = async () => {
      const events = parseEvents(body, { form }, limits);
      if (isRefusal(events)) return events;
      const batch = { ...events, tenant, keyId: 'key0key0key0', idempotency, body };
      const receipt = await slot.append(batch);
      if (isRefusal(receipt)) return receipt;
      this.ledger.accepted(tenant, events.accepted);
      return { receipt };
    };
    try {
      const taken = await (idempotency === undefined ? take() : repeats.once(idempotency, take));
      return isRefusal(taken) ? taken : taken.receipt;
    } finally {
      slot.release();
    }
  }

  /** Accepted and recovered less stored, queued, dead and quarantined: 0 whenever nothing moves. */
  difference(): number {
    const { spool } = this;
    return spool === undefined ? 0 : differenceOf(this.ledger.total(spool.status()));
  }

  /** It does nothing any more, and nobody is told. */
  kill(): void {
    this.state = 'gone';
    this.#own.isAlive = false;
    this.#files.kill();
  }

  /** An orderly stop; resolves when it is gone, unless it is killed before. */
  async stop(drainMs: number): Promise<void> {
    const running = this.#running as Running;
    this.state = 'stopping';
    const { spool, governed, stopping, ended } = running;
    const { maxWorkers } = this.#machine.surroundings;
    const close = async () => void (await Promise.all(this.#underWay));
    const http = { port: 0, endConnections() {}, close, closeNow() {} };
    const deps = { http, spool, world: this.#own, log: quiet };
    await drain(deps, { drainMs, drainGraceMs: 0, maxWorkers });
    stopping.abort();
    await ended;
    await governed.stop();
    await spool.close();
    this.kill();
  }

  async #start(): Promise<void> {
    const { surroundings, sabotage } = this.#machine;
    const world = this.#own;
    const { maxConcurrency, maxWorkers } = surroundings;
    const files = sabotage?.files?.(this.#files) ?? this.#files;
    const warn = (message: string) => this.warnings.push(message);
    const counts = { commit: () => undefined };
    const spool = await openDiskSpool(surroundings.spool, { world, files, warn, counts });
    const bucket = this.#machine.store(world);
    const plain = sabotage?.store?.(bucket) ?? bucket;
    const governed = govern(
      { bucket, plain, metered: plain },
      { world, log: quiet, maxConcurrency },
    );
    const stopping = new AbortController();
    const lender = sabotage?.spool?.(spool, files) ?? spool;
    const ended = deliver(
      {
        spool: lender,
        // A thread has no place in virtual time; what it would do is done at once.
        packer: {
          pack: async (source) =>
            pack('path' in source ? await files.read(source.path) : source.bytes),
        },
        store: governed.store,
        world,
        events: this.#events(),
        maxWorkers,
        writesAtOnce: maxConcurrency,
        backoff,
      },
      stopping.signal,
    );
    ended.catch((error: Error) => this.#broke(error));
    this.#running = { spool, repeats: new Repeats(lender), governed, stopping, ended };
    this.state = 'up';
  }

  #events(): DeliveryEvents {
    return {
      delivered: ({ manifest }) => {
        for (const { state, tenants } of manifest.objects) this.ledger.delivered(state, tenants);
      },
      retried: () => undefined,
      dead: () => undefined,
      alarm: (key, detail) => this.#machine.alarms.push(`${key}: ${detail}`),
    };
  }

  #broke(error: Error): void {
    this.#machine.alarms.push(`a server broke: ${error.stack}`);
    this.kill();
  }
}
