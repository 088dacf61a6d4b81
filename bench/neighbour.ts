import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Running, start, stop } from './contender.ts';
import { eventOf } from './events.ts';
import { describeMachine, median } from './machine.ts';
import { type PacedResult, PacedSender } from './paced-sender.ts';
import { quotaFile } from './tenants.ts';

const body = eventOf(1024);
const neighbourPerSecond = 200;
/** Half of the most that the promise speaks of, a fifth of the peak. */
const floodShare = 0.1;

interface Round {
  readonly quietMs: number;
  readonly floodedMs: number;
}

/**
 * Does a tenant at ten times its quota slow down another? Rounds of quiet and flood take turns; what
 * counts is the median over rounds of what the flood adds to the other's p99.
 */
export async function runNeighbour(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { rounds: text, seconds: text, spool: text };
  const { values } = parseArgs({ args: [...args], options });
  const rounds = Number(values.rounds ?? 9);
  const seconds = Number(values.seconds ?? 5);
  const spool = values.spool ?? 'disk';
  const perSecond = Math.floor((await peakPerSecond(spool)) * floodShare);
  const table = await measure({ rounds, seconds, perSecond, spool });
  console.log(table);
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${spool} spool · ${rounds} rounds of ${seconds} s`;
  await appendFile(
    new URL('./history-neighbour.md', import.meta.url),
    `\n## ${title}\n\n${table}\n`,
  );
}

async function peakPerSecond(spool: string): Promise<number> {
  return await onServer({ quota: 1_000_000, spool }, async ({ port, keys: [key = ''] }) => {
    const sender = new PacedSender({ port, key, body, perSecond: 0, connections: 64 });
    await sender.open();
    await sender.flatOut(3);
    const peak = await sender.flatOut(3);
    sender.close();
    return peak;
  });
}

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly spool: string;
}

async function measure(plan: Plan): Promise<string> {
  const { rounds, perSecond, spool } = plan;
  const quota = Math.max(1, Math.floor(perSecond / 10));
  return await onServer({ quota, spool }, async ({ port, keys: [flooding = '', quiet = ''] }) => {
    const load = { port, body, connections: 16 };
    const neighbour = new PacedSender({ ...load, key: quiet, perSecond: neighbourPerSecond });
    await neighbour.open();
    const flood = await startFlood({ ...load, key: flooding, perSecond });
    await neighbour.run(3);
    const refusals: Record<string, number> = {};
    const measured: Round[] = [];
    for (let i = 0; i < rounds; i += 1) {
      measured.push(await round({ neighbour, flood, refusals }, plan.seconds, i % 2 === 0));
    }
    flood.kill();
    neighbour.close();
    return format(measured, { quota, perSecond, refusals });
  });
}

interface Parties {
  readonly neighbour: PacedSender;
  readonly flood: ChildProcess;
  /** What the flood was told so far. */
  readonly refusals: Record<string, number>;
}

async function round(
  { neighbour, flood, refusals }: Parties,
  seconds: number,
  quietFirst: boolean,
): Promise<Round> {
  const flooded = async (): Promise<number> => {
    const running = floodFor(flood, seconds);
    const result = await neighbour.run(seconds);
    for (const [status, count] of Object.entries(await running)) {
      refusals[status] = (refusals[status] ?? 0) + count;
    }
    return p99(result);
  };
  const quiet = async (): Promise<number> => p99(await neighbour.run(seconds));
  if (quietFirst) return { quietMs: await quiet(), floodedMs: await flooded() };
  const floodedMs = await flooded();
  return { quietMs: await quiet(), floodedMs };
}

function format(
  rounds: readonly Round[],
  flood: { quota: number; perSecond: number; refusals: Readonly<Record<string, number>> },
): string {
  const quiet = median(rounds.map(({ quietMs }) => quietMs));
  const flooded = median(rounds.map(({ floodedMs }) => floodedMs));
  const addedMs = median(rounds.map(({ quietMs, floodedMs }) => floodedMs - quietMs));
  const ratio = median(rounds.map(({ quietMs, floodedMs }) => floodedMs / quietMs));
  const holds = addedMs <= 1 || ratio <= 1.1;
  const told = Object.entries(flood.refusals).map(([status, count]) => `${count} × ${status}`);
  return [
    '| the other tenant | p99 alone | p99 beside the flood | added | ÷ alone | at most 1 ms or 10 % |',
    '|---|---|---|---|---|---|',
    `| ${neighbourPerSecond}/s | ${quiet.toFixed(2)} ms | ${flooded.toFixed(2)} ms | ${addedMs.toFixed(2)} ms | ${ratio.toFixed(2)} | ${holds ? 'yes' : 'no'} |`,
    '',
    `The flood: ${flood.perSecond}/s on a quota of ${flood.quota}/s, answered ${told.join(', ')}.`,
  ].join('\n');
}

/** Throws where the neighbour was refused, for whatever the other does. */
function p99({ tookMs, statuses }: PacedResult): number {
  const others = Object.keys(statuses).filter((status) => status !== '202');
  if (others.length > 0) throw new Error(`the neighbour was told ${JSON.stringify(statuses)}`);
  const sorted = tookMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

async function startFlood(load: object): Promise<ChildProcess> {
  const child = fork(new URL('./flood.ts', import.meta.url), [JSON.stringify(load)]);
  await once(child, 'message');
  return child;
}

async function floodFor(child: ChildProcess, seconds: number): Promise<Record<string, number>> {
  child.send(seconds);
  const [statuses] = (await once(child, 'message')) as [Record<string, number>];
  return statuses;
}

interface Subject {
  readonly port: number;
  readonly keys: readonly string[];
}

/** Starts a server with a tenant that has this quota a second, and one with an ample one. */
async function onServer<T>(
  { quota, spool }: { readonly quota: number; readonly spool: string },
  use: (subject: Subject) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const { path, keys } = await quotaFile([quota, 1_000_000]);
  const program = ['packages/server/bin/weir.mjs', 'serve'];
  const env = { WEIR_TENANTS: path, WEIR_SPOOL: spool };
  const server: Running = await start({ program, env }, folder);
  try {
    return await use({ port: Number(new URL(server.url).port), keys });
  } finally {
    await stop(server);
    await rm(folder, { recursive: true, force: true });
  }
}
