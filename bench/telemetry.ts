import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readMetric } from '../test/support/metrics.ts';
import { openLoop, quantile } from '../test/support/open-loop.ts';
import { start, stop } from './contender.ts';
import { eventOf } from './events.ts';
import { drive } from './load.ts';
import { cpuSeconds, describeMachine, median, residentMiB } from './machine.ts';

type Mood = 'well' | 'slow' | 'dead';

interface Contender {
  readonly name: string;
  /** Absent where there is no endpoint. */
  readonly ratio?: string;
  readonly collector?: Mood;
}

const contenders: readonly Contender[] = [
  { name: 'off' },
  { name: 'on, 0 %', ratio: '0' },
  { name: 'on, 1 %', ratio: '0.01' },
  { name: 'on, 100 %', ratio: '1' },
  { name: 'on, 1 %, slow collector', ratio: '0.01', collector: 'slow' },
  { name: 'on, 1 %, dead collector', ratio: '0.01', collector: 'dead' },
];

const event = eventOf(1024);
/** Of a hundred requests one runs through the code of traces: it takes longer until V8 has compiled that. */
const warmUpSeconds = 15;
const connections = 64;

interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** At a fixed rate. */
  readonly p99Ms: number;
  readonly peakRssMiB: number;
  /** Requests that were traced, and those of them that the collector was never told of. */
  readonly traced: number;
  readonly lost: number;
}

interface Lengths {
  readonly seconds: number;
  readonly rate: number;
}

/** What traces cost: off, on and by share, with a collector that is well, slow or dead; in turn. */
export async function runTelemetry(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      rate: { type: 'string', default: '500' },
    },
  });
  const lengths = { seconds: Number(values.seconds), rate: Number(values.rate) };
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) {
      const measured = await measure(contender, lengths);
      results.get(contender.name)?.push(measured);
      const { perSecond, cpuUs } = measured;
      console.error(
        `round ${round + 1}: ${contender.name}: ${Math.round(perSecond)}/s, ${cpuUs.toFixed(1)} µs`,
      );
    }
  }
  const table = report(results);
  console.log(table);
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${values.rounds} rounds of ${values.seconds} s, p99 at ${values.rate}/s`;
  await appendFile(
    new URL('./history-telemetry.md', import.meta.url),
    `\n## ${title}\n\n${table}\n`,
  );
}

async function measure({ ratio, collector }: Contender, lengths: Lengths): Promise<Round> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const sink = ratio === undefined ? undefined : await startSink(collector ?? 'well');
  const env =
    ratio === undefined || sink === undefined
      ? {}
      : { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_TRACES_SAMPLER_ARG: ratio };
  const weir = await start({ program: ['packages/server/bin/weir.mjs', 'serve'], env }, folder);
  try {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${weir.key}` };
    const load = { url: `${weir.url}/v1/events`, headers, body: event, connections };
    await drive({ ...load, seconds: warmUpSeconds });
    const cpuBefore = cpuSeconds(weir.pid);
    const { requests, perSecond } = await drive({ ...load, seconds: lengths.seconds });
    const cpuUs = ((cpuSeconds(weir.pid) - cpuBefore) * 1e6) / requests;
    const p99Ms = await answersAt(weir, lengths);
    const traced = await readMetric(weir.adminUrl, 'weir_traces_started_total');
    const peakRssMiB = residentMiB(weir.pid).peak;
    await stop(weir); // sends what waits
    const told = sink?.isWell ? await sink.requests() : traced;
    return { perSecond, cpuUs, p99Ms, peakRssMiB, traced, lost: traced - told };
  } finally {
    await stop(weir);
    sink?.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function answersAt(
  { url, key }: { readonly url: string; readonly key: string },
  { seconds, rate: perSecond }: Lengths,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const sent = await openLoop({ url, key }, { agent, perSecond, seconds });
  agent.destroy();
  return quantile(
    sent.map(({ tookMs }) => tookMs),
    0.99,
  );
}

interface Sink {
  readonly url: string;
  readonly isWell: boolean;
  /** How many requests it was told of. */
  requests(): Promise<number>;
  end(): void;
}

/** On the generator's core; `dead` has ended before it is asked anything. */
async function startSink(mood: Mood): Promise<Sink> {
  const program = fileURLToPath(new URL('./span-sink.ts', import.meta.url));
  const child = spawn('taskset', ['-c', '1', process.execPath, program, mood], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${port.toString().trim()}`;
  if (mood === 'dead') end();
  return {
    url,
    isWell: mood === 'well',
    async requests() {
      const counts = (await (await fetch(`${url}/counts`)).json()) as { requests: number };
      return counts.requests;
    },
    end() {
      process.off('exit', end);
      end();
    },
  };
}

function report(results: ReadonlyMap<string, readonly Round[]>): string {
  const off = results.get('off') ?? [];
  const rows = [...results].map(([name, rounds]) => {
    const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
    const against = (pick: (round: Round) => number): string =>
      median(rounds.map((round, i) => pick(round) / pick(off[i] as Round))).toFixed(2);
    return [
      name,
      Math.round(of(({ perSecond }) => perSecond)),
      against(({ perSecond }) => perSecond),
      of(({ cpuUs }) => cpuUs).toFixed(1),
      of(({ p99Ms }) => p99Ms).toFixed(1),
      against(({ p99Ms }) => p99Ms),
      Math.round(of(({ peakRssMiB }) => peakRssMiB)),
      rounds.reduce((sum, { traced }) => sum + traced, 0),
      rounds.reduce((sum, { lost }) => sum + lost, 0),
    ].join(' | ');
  });
  return [
    '| telemetry | requests/s | ÷ off | µs CPU a request | p99 ms | p99 ÷ off | peak RSS MiB | traced | spans lost |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}
