import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spanNames } from '@weir/core/server-spans';
import { systemWorld } from '@weir/core/world/system';
import { readMetric } from '../test/support/metrics.ts';
import { post } from '../test/support/sender.ts';
import { type Collector, type CollectorMood, startCollector } from './collector.ts';
import { type Running, start, stop } from './contender.ts';
import { eventOf } from './events.ts';
import { drive } from './load.ts';
import { residentMiB, threadSeconds } from './machine.ts';

/** A way to run the server: absent `ratio` is without telemetry. */
export interface Variant {
  readonly name: string;
  readonly ratio?: string;
  readonly collector?: CollectorMood;
}

/** Full load for a while; CPU is that of the time until the server's next turn, exports included. */
export interface Turn {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly mainUs: number;
  /** Resident, at its end. */
  readonly rssMiB: number;
}

/** What is known once a server has stopped. */
export interface Ending {
  readonly peakRssMiB: number;
  readonly traced: number;
  /** Requests at full load that took longer than two seconds. */
  readonly late: number;
  /** Spans of requests and of commits that the collector was never told of. */
  readonly lost: number;
}

/** A server that lives through all rounds, with a collector of its own. */
export class TelemetryServer {
  readonly variant: Variant;
  readonly turns: Turn[] = [];
  /** Of answers at a fixed rate, a block each. */
  readonly blocks: (readonly number[])[] = [];
  readonly #weir: Running;
  readonly #collector: Collector | undefined;
  readonly #folder: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connections });
  #open: { readonly all: number; readonly main: number } | undefined;
  #late = 0;
  #last = { requests: 0, perSecond: 0, rssMiB: 0 };

  private constructor(variant: Variant, parts: Parts) {
    this.variant = variant;
    this.#weir = parts.weir;
    this.#collector = parts.collector;
    this.#folder = parts.folder;
  }

  static async start(variant: Variant): Promise<TelemetryServer> {
    const { ratio, collector: mood = 'well' } = variant;
    const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
    const collector = ratio === undefined ? undefined : await startCollector(mood);
    const env: Record<string, string> =
      ratio === undefined || collector === undefined
        ? {}
        : { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER_ARG: ratio };
    const weir = await start({ program: ['packages/server/bin/weir.mjs', 'serve'], env }, folder);
    return new TelemetryServer(variant, { weir, collector, folder });
  }

  /** As many requests as it answers, for so long; then until all of them are delivered. */
  async fullLoad(seconds: number): Promise<void> {
    const { url, key, pid } = this.#weir;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const load = { url: `${url}/v1/events`, headers, body: event, connections };
    this.endTurn();
    this.#open = threadSeconds(pid);
    const { requests, perSecond, refused, errors } = await drive({ ...load, seconds });
    if (refused > 0) throw new Error(`${this.variant.name}: ${refused} refused`);
    this.#late += errors; // on a busy machine wrk gives some up, after two seconds
    this.#last = { requests, perSecond, rssMiB: residentMiB(pid).now };
    await this.#delivered();
  }

  /** Of the last full load. */
  get pace(): string {
    return `${Math.round(this.#last.perSecond)}/s`;
  }

  /** What the last full load took of the CPU until now becomes a turn. */
  endTurn(): void {
    const opened = this.#open;
    if (opened === undefined) return;
    const { all, main } = threadSeconds(this.#weir.pid);
    const { requests, perSecond, rssMiB } = this.#last;
    const aRequest = (seconds: number): number => (seconds * 1e6) / requests;
    const cpuUs = aRequest(all - opened.all);
    this.turns.push({ perSecond, cpuUs, mainUs: aRequest(main - opened.main), rssMiB });
    this.#open = undefined;
  }

  /** Forgets what it did to warm up. */
  warm(): void {
    this.#open = undefined;
    this.turns.length = 0;
    this.blocks.length = 0;
  }

  /** From the moment at which it was due, in milliseconds. */
  async answer(dueMs: number): Promise<number> {
    const { status } = await post(this.#weir, event, { agent: this.#agent });
    if (status !== 202) throw new Error(`${this.variant.name}: answered ${status}`);
    return performance.now() - dueMs;
  }

  async #delivered(): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await readMetric(this.#weir.adminUrl, 'weir_spool_segments')) === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    throw new Error(`${this.variant.name}: not delivered within 30 s`);
  }

  /** Stops it, which sends what waits, and asks its collector what came. */
  async end(): Promise<Ending> {
    const { adminUrl, pid } = this.#weir;
    const traced = await readMetric(adminUrl, 'weir_traces_started_total');
    const peakRssMiB = residentMiB(pid).peak;
    await stop(this.#weir);
    const collector = this.#collector?.mood === 'well' ? this.#collector : undefined;
    const told = (await collector?.counts()) ?? {};
    const spans = (told[spanNames.request] ?? 0) + (told[spanNames.append] ?? 0);
    return {
      peakRssMiB,
      traced,
      late: this.#late,
      lost: collector === undefined ? 0 : 2 * traced - spans,
    };
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await stop(this.#weir);
    this.#collector?.end();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Parts {
  readonly weir: Running;
  readonly collector: Collector | undefined;
  readonly folder: string;
}

const event = eventOf(1024);
const connections = 64;

export interface FixedRate {
  /** To each of the servers. */
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Requests at a fixed rate, however slowly they are answered, to all servers in turn: whatever else
 * the machine does meets all of them alike. Each gets one more block.
 */
export async function askInTurn(
  servers: readonly TelemetryServer[],
  { perSecond, seconds }: FixedRate,
): Promise<void> {
  const took = servers.map((): Promise<number>[] => []);
  const startMs = performance.now();
  const rounds = Math.round(perSecond * seconds);
  for (let round = 0; round < rounds; round += 1) {
    const order = shuffled(servers.length);
    for (const [turn, place] of order.entries()) {
      const dueMs = startMs + (1_000 * (round + turn / order.length)) / perSecond;
      while (performance.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, 1));
      const server = servers[place] as TelemetryServer;
      (took[place] as Promise<number>[]).push(server.answer(dueMs));
    }
  }
  for (const [place, server] of servers.entries()) {
    server.blocks.push(await Promise.all(took[place] as Promise<number>[]));
  }
}

function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = Math.floor(systemWorld.random() * (i + 1));
    [order[i], order[other]] = [order[other] as number, order[i] as number];
  }
  return order;
}
