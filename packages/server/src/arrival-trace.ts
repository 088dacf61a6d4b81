import { type FileHandle, open, rename } from 'node:fs/promises';
import type { Cost } from '@weir/core/admission';
import type { Ms, World } from '@weir/core/world/world';
import { type Settings, settingTable } from './config.ts';
import type { Limiter } from './limiter/limiter.ts';
import type { Log } from './log.ts';
import type { Problems } from './problems.ts';

const dayMs: Ms = 86_400_000;
const writeEveryMs: Ms = 1_000;
const mostWaiting = 4_194_304;

export interface ArrivalTraceDeps {
  readonly world: World;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/** A limiter that may be watched, and what ends the watching. */
export interface WatchedLimiter {
  readonly limiter: Limiter;
  stop(): Promise<void>;
}

/** Puts a trace before a limiter, or nothing at all. */
export type Watch = (limiter: Limiter) => WatchedLimiter;

const unwatched: Watch = (limiter) => ({ limiter, stop: async () => {} });

/**
 * Opens the file of arrivals where `WEIR_ARRIVAL_TRACE` names one; without it nothing stands before the
 * limiter. A file of an earlier start is kept as FILE.1; of several processes each adds its admin port.
 */
export async function openArrivalTrace(
  { arrivalTrace, arrivalTraceBytes, processes, adminPort }: Settings,
  { world, log }: ArrivalTraceDeps,
): Promise<Watch | Problems> {
  if (arrivalTrace === undefined) return unwatched;
  const path = processes > 1 ? `${arrivalTrace}-${adminPort}` : arrivalTrace;
  await rename(path, `${path}.1`).catch(() => undefined); // there was none
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    return { problems: [`${settingTable.arrivalTrace.env}: ${(error as Error).message}`] };
  }
  log.info({ path, bytes: arrivalTraceBytes }, 'arrivals are traced');
  const trace = new ArrivalTrace(file, { world, log, mostBytes: arrivalTraceBytes });
  return (limiter) => ({ limiter: watching(limiter, trace), stop: () => trace.close() });
}

/** The limiter, with every request that it decides on in the trace: whether let in or not. */
function watching(limiter: Limiter, trace: ArrivalTrace): Limiter {
  return {
    knownRefusal(caller, leastCost) {
      const decision = limiter.knownRefusal(caller, leastCost);
      if (decision !== undefined) trace.add(caller.tenant, leastCost);
      return decision;
    },
    take(caller, cost) {
      trace.add(caller.tenant, cost);
      return limiter.take(caller, cost);
    },
    refund: (caller, cost) => limiter.refund(caller, cost),
    charge: (caller, cost) => limiter.charge(caller, cost),
    peek: (caller) => limiter.peek(caller),
  };
}

/**
 * Arrivals as `weir-sim replay` reads them, a JSON object a line: whole µs since midnight (UTC) before
 * the start, the tenant's name, and what was asked for. No key and nothing that a sender wrote. Written
 * once a second behind the requests; ends for good, with a warning, at its bound, where the disk fails,
 * and where it falls 4 MiB behind.
 */
export class ArrivalTrace {
  readonly #file: FileHandle;
  readonly #world: World;
  readonly #log: ArrivalTraceDeps['log'];
  readonly #mostBytes: number;
  /** Midnight on the clock of `now`. */
  readonly #midnightMs: Ms;
  #waiting = '';
  #bytes = 0;
  #isOver = false;
  #isDue = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, deps: ArrivalTraceDeps & { readonly mostBytes: number }) {
    const { world, log, mostBytes } = deps;
    this.#file = file;
    this.#world = world;
    this.#log = log;
    this.#mostBytes = mostBytes;
    this.#midnightMs = world.now() - (world.date() % dayMs);
  }

  add(tenant: string, { events, bytes }: Cost): void {
    if (this.#isOver) return;
    const us = Math.floor((this.#world.now() - this.#midnightMs) * 1_000);
    const key = JSON.stringify(tenant);
    const line = `{"us":${us},"key":${key},"events":${events},"bytes":${bytes}}\n`;
    const lineBytes = Buffer.byteLength(line);
    if (this.#bytes + lineBytes > this.#mostBytes) this.#end('it is as long as it may be');
    else if (this.#waiting.length > mostWaiting) this.#end('the disk is too slow for it');
    else {
      this.#bytes += lineBytes;
      this.#waiting += line;
      this.#schedule();
    }
  }

  /** Writes what waits, and lets go of the file. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#write();
    await this.#writing;
    await this.#file.close();
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#world.after(writeEveryMs, () => {
      this.#isDue = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    this.#writing = this.#writing
      .then(() => this.#file.appendFile(text))
      .catch((error: Error) => this.#end(error.message));
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#log.warn({ why, bytes: this.#bytes }, 'the trace of arrivals has ended');
  }
}
