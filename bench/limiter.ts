import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { cpuSeconds, describeMachine, median } from './machine.ts';
import { type BenchRedis, startBenchRedis } from './redis.ts';

interface Measured {
  readonly decisions: number;
  readonly perSecond: number;
  /** Of the contender's process, for each decision. */
  readonly cpuUs: number;
  /** Of Redis. */
  readonly redisUs: number;
  /** In an open loop at 20,000 a second. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

const contenders = ['weir', 'RateLimiterRedis', 'EVALSHA one by one', 'RateLimiterMemory'];
const yardstick = 'RateLimiterRedis';
const program = fileURLToPath(new URL('./limiter-contender.ts', import.meta.url));
const run = promisify(execFile);

/** All on one Redis, in turn, the order reversed every second round; ratios per round, then the median. */
export async function runLimiter(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
    },
  });
  const redis = await startBenchRedis();
  try {
    const closed = await takeTurns('closed', values, redis);
    const open = await takeTurns('open', values, redis);
    const spent: Measured[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      spent.push(await measure('weir', 'spent', values.seconds, redis));
    }
    const table = report(closed, open, spent);
    console.log(table);
    const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${values.rounds} rounds of ${values.seconds} s`;
    const history = new URL('./history-limiter.md', import.meta.url);
    await appendFile(history, `\n## ${title}\n\n${table}\n`);
  } finally {
    redis.end();
  }
}

type Results = ReadonlyMap<string, readonly Measured[]>;

async function takeTurns(
  mode: 'closed' | 'open',
  { rounds, seconds }: { readonly rounds: string; readonly seconds: string },
  redis: BenchRedis,
): Promise<Results> {
  const results = new Map<string, Measured[]>(contenders.map((name) => [name, []]));
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const name of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const measured = await measure(name, mode, seconds, redis);
      results.get(name)?.push(measured);
      console.error(`${mode} ${round + 1}: ${name}: ${JSON.stringify(measured)}`);
    }
  }
  return results;
}

/** On core 0; Redis has core 1. */
async function measure(
  name: string,
  mode: string,
  seconds: string,
  { url, pid }: BenchRedis,
): Promise<Measured> {
  const before = cpuSeconds(pid);
  const args = ['-c', '0', process.execPath, program, name, mode, seconds, url];
  const { stdout } = await run('taskset', args, { env: { PATH: process.env.PATH } });
  const measured = JSON.parse(stdout) as Omit<Measured, 'redisUs'> & { readonly warm?: number };
  const { decisions, warm = 0 } = measured;
  const redisUs = (1e6 * (cpuSeconds(pid) - before)) / (decisions + warm);
  return { ...measured, redisUs };
}

function report(closed: Results, open: Results, spent: readonly Measured[]): string {
  const base = closed.get(yardstick) as readonly Measured[];
  const rows = contenders.map((name) => {
    const own = closed.get(name) as readonly Measured[];
    const waits = open.get(name) as readonly Measured[];
    const of = (pick: (measured: Measured) => number) => median(own.map(pick));
    const to = (pick: (measured: Measured) => number) =>
      median(own.map((measured, i) => pick(measured) / pick(base[i] as Measured)));
    return [
      name,
      Math.round(of(({ perSecond }) => perSecond)),
      to(({ perSecond }) => perSecond).toFixed(2),
      of(({ cpuUs }) => cpuUs).toFixed(2),
      to(({ cpuUs }) => cpuUs).toFixed(2),
      of(({ redisUs }) => redisUs).toFixed(2),
      median(waits.map(({ p50Ms = Number.NaN }) => p50Ms)).toFixed(2),
      median(waits.map(({ p99Ms = Number.NaN }) => p99Ms)).toFixed(2),
    ];
  });
  const refusals = median(spent.map(({ perSecond }) => perSecond));
  return [
    `| contender | decisions/s | ÷ ${yardstick} | its µs CPU each | ÷ ${yardstick} | Redis' µs CPU each | p50 ms at 20,000/s | p99 ms |`,
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    `| weir, refusals it remembers | ${Math.round(refusals)} | | | | 0 | | |`,
  ].join('\n');
}
