import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLoop, quantile } from '../test/support/open-loop.ts';
import { type Running, start, stop } from './contender.ts';
import { startDouble } from './double.ts';
import { describeMachine, median } from './machine.ts';

const connections = 32;
const warmUpSeconds = 5;

/** How the bucket of each server does, as options of the double. */
const buckets: Readonly<Record<string, readonly string[]>> = {
  healthy: ['--latency-median-ms', '30', '--latency-p99-ms', '100'],
  down: ['--outage', 'reset'],
  slow: ['--latency-median-ms', '2000', '--latency-p99-ms', '2500'],
};

interface Round {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
}

/** A server and its bucket, which live through all rounds. */
interface Pair {
  readonly name: string;
  readonly weir: Running;
  readonly agent: Agent;
  readonly rounds: Round[];
  end(): Promise<void>;
}

/**
 * How long an answer takes while S3 is well, out of order, or slow: at a fixed rate, however slowly
 * answers come, in rounds that take turns.
 */
export async function runAcceptLatency(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '4' },
      rate: { type: 'string', default: '300' },
    },
  });
  const [rounds, seconds, perSecond] = [values.rounds, values.seconds, values.rate].map(Number) as [
    number,
    number,
    number,
  ];
  const pairs: Pair[] = [];
  try {
    for (const [name, options] of Object.entries(buckets))
      pairs.push(await startPair(name, options));
    for (const pair of pairs) await measure(pair, { perSecond, seconds: warmUpSeconds });
    for (let round = 1; round <= rounds; round += 1) {
      const order = round % 2 === 1 ? pairs : pairs.toReversed();
      for (const pair of order) pair.rounds.push(await measure(pair, { perSecond, seconds }));
      console.error(`round ${round}: ${pairs.map(toText).join(', ')}`);
    }
    const table = report(pairs);
    console.log(table);
    const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${rounds} rounds of ${seconds} s at ${perSecond}/s`;
    const history = new URL('./history-accept-latency.md', import.meta.url);
    await appendFile(history, `\n## ${title}\n\n${table}\n`);
  } finally {
    for (const pair of pairs) await pair.end();
  }
}

async function startPair(name: string, options: readonly string[]): Promise<Pair> {
  const double = await startDouble(options);
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const env = { ...double.env, WEIR_DRAIN_MS: '200' };
  const weir = await start({ program: ['packages/server/bin/weir.mjs', 'serve'], env }, folder);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    name,
    weir,
    agent,
    rounds: [],
    async end() {
      agent.destroy();
      await stop(weir);
      await double.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function measure(
  { weir, agent }: Pair,
  load: { readonly perSecond: number; readonly seconds: number },
): Promise<Round> {
  const sent = await openLoop({ url: weir.url, key: weir.key }, { ...load, agent });
  const took = sent.map(({ tookMs }) => tookMs);
  const refused = sent.filter(({ status }) => status !== 202).length;
  return { p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99), refused };
}

function toText({ name, rounds }: Pair): string {
  const { p50Ms, p99Ms } = rounds.at(-1) as Round;
  return `${name} p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms`;
}

/** Differences within a round, then their median; and the quiet rounds, where the machine is shared. */
function report(pairs: readonly Pair[]): string {
  const [healthy] = pairs as [Pair];
  const rows = pairs.map(({ name, rounds }) => {
    const differences = rounds.map(({ p99Ms }, i) => p99Ms - (healthy.rounds[i]?.p99Ms ?? 0));
    const ratios = rounds.map(({ p99Ms }, i) => p99Ms / (healthy.rounds[i]?.p99Ms ?? 0));
    return [
      name,
      median(rounds.map(({ p50Ms }) => p50Ms)).toFixed(2),
      median(rounds.map(({ p99Ms }) => p99Ms)).toFixed(2),
      quantile(
        rounds.map(({ p99Ms }) => p99Ms),
        0.25,
      ).toFixed(2),
      median(differences).toFixed(2),
      median(ratios).toFixed(2),
      rounds.reduce((sum, { refused }) => sum + refused, 0),
    ].join(' | ');
  });
  return [
    '| S3 is | p50 ms | p99 ms | p99 of quiet rounds, ms | p99 − healthy, ms | p99 ÷ healthy | not 202 |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}
