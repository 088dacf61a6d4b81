import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findVersitygw } from '../test/support/provide-versitygw.ts';
import { type Running, start, stop } from './contender.ts';
import { shopEvents } from './events.ts';
import { drive } from './load.ts';
import { cpuSeconds, describeMachine, median, residentMiB } from './machine.ts';
import { tenantsFile } from './tenants.ts';

const serverProgram = ['packages/server/bin/weir.mjs', 'serve'];
/** weir has core 0; the store gets the other one. */
const storeCore = '1';
const bucket = 'weir';
const dollarsPerPut = 0.005 / 1_000;
const eventsPerDay = 1_000_000 * 60 * 24;

interface Delivered {
  readonly seconds: number;
  /** Seconds of CPU, all threads. */
  readonly cpu: number;
  readonly loopP99Ms: number;
  readonly peakRssMiB: number;
  readonly puts: number;
  readonly storedBytes: number;
}

interface Spooled {
  readonly requests: number;
  readonly rawBytes: number;
}

/** From a full spool to a real S3 server: how fast, at what CPU, and how late requests would be. */
export async function runDeliver(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      codec: { type: 'string', default: 'zstd' },
    },
  });
  const rows: string[] = [];
  for (const tenants of [1, 10_000]) {
    const rounds: (Delivered & Spooled)[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      rounds.push(await measure(tenants, Number(values.seconds), values.codec));
      console.error(`${tenants} tenants, round ${round + 1}: ${rowOf(tenants, rounds.slice(-1))}`);
    }
    rows.push(rowOf(tenants, rounds));
  }
  const table = [
    '| tenants | raw MiB/s | events/s | raw MiB a CPU second | µs CPU an event | loop p99 ms | peak RSS MiB | MiB an object | $ a day of PUTs |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  console.log(table);
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${values.codec}, ${values.rounds} rounds`;
  const history = new URL('./history-deliver.md', import.meta.url);
  await appendFile(history, `\n## ${title}\n\n${table}\n`);
}

function rowOf(tenants: number, rounds: readonly (Delivered & Spooled)[]): string {
  const of = (pick: (round: Delivered & Spooled) => number) => median(rounds.map(pick));
  const mib = 2 ** 20;
  const cells = [
    tenants,
    of(({ rawBytes, seconds }) => rawBytes / mib / seconds).toFixed(0),
    of(({ requests, seconds }) => requests / seconds).toFixed(0),
    of(({ rawBytes, cpu }) => rawBytes / mib / cpu).toFixed(0),
    of(({ requests, cpu }) => (cpu * 1e6) / requests).toFixed(1),
    of(({ loopP99Ms }) => loopP99Ms).toFixed(1),
    of(({ peakRssMiB }) => peakRssMiB).toFixed(0),
    of(({ storedBytes, puts }) => storedBytes / puts / mib).toFixed(1),
    of(({ puts, requests }) => (puts / requests) * eventsPerDay * dollarsPerPut).toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function measure(
  tenants: number,
  seconds: number,
  codec: string,
): Promise<Delivered & Spooled> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  try {
    const spooled = await fill(folder, tenants, { seconds, codec });
    await using store = await startStore(folder);
    return { ...spooled, ...(await deliver(folder, { WEIR_CODEC: codec, ...store.env })) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Events of 1 KB, a request each, into a spool that nobody delivers. */
async function fill(
  folder: string,
  tenants: number,
  { seconds, codec }: { readonly seconds: number; readonly codec: string },
): Promise<Spooled> {
  const { path, keys } = await tenantsFile(tenants, 'wide');
  const bodies = shopEvents(2_000);
  const env = { WEIR_TENANTS: path, MAX_WORKERS: '0', WEIR_CODEC: codec };
  const server = await start({ program: serverProgram, env }, folder);
  try {
    const load = await drive({
      url: `${server.url}/v1/events`,
      headers: { 'content-type': 'application/json' },
      keys,
      body: bodies,
      connections: 64,
      seconds,
    });
    if (load.refused + load.errors > 0) throw new Error('the spool did not take all');
    const requests = await metric(server, /^weir_spool_requests (\d+)/m);
    const mean = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
    return { requests, rawBytes: requests * mean };
  } finally {
    await stop(server);
  }
}

/** Takes over the full spool, and delivers all of it. */
async function deliver(folder: string, env: Readonly<Record<string, string>>): Promise<Delivered> {
  const spool = join(folder, 'spool');
  const before = await readdir(spool);
  const server = await start({ program: serverProgram, env }, folder);
  try {
    const startMs = performance.now();
    const cpuBefore = cpuSeconds(server.pid);
    await loopDelayMs(server); // it counts from here
    // Looks at files, since a question to the server would delay its event loop.
    while (await isThere(spool, before)) await new Promise((later) => setTimeout(later, 50));
    const seconds = (performance.now() - startMs) / 1_000;
    return {
      seconds,
      cpu: cpuSeconds(server.pid) - cpuBefore,
      loopP99Ms: await loopDelayMs(server),
      peakRssMiB: residentMiB(server.pid).peak,
      puts: await metric(server, /^weir_store_puts_total\{outcome="created"\} (\d+)/m),
      storedBytes: await metric(server, /^weir_store_put_bytes_total (\d+)/m),
    };
  } finally {
    await stop(server);
  }
}

/** Whether any writer of then still has its folder, which goes when all of it is delivered. */
async function isThere(spool: string, before: readonly string[]): Promise<boolean> {
  const now = new Set(await readdir(spool));
  return before.some((name) => /^[0-9a-z]{16}$/.test(name) && now.has(name));
}

async function metric({ adminUrl }: Running, pattern: RegExp): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new Error(`no metric like ${pattern}`);
  return Number(value);
}

/** How late the event loop was, p99 since the last time; Node counts its 10 ms of waiting in. */
async function loopDelayMs(server: Running): Promise<number> {
  const seconds = await metric(server, /^nodejs_eventloop_lag_seconds\{quantile="0.99"\} (\S+)/m);
  return Math.max(0, seconds * 1_000 - 10);
}

interface S3Server extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
}

/** versitygw on the other core, with its objects in `folder`. */
async function startStore(folder: string): Promise<S3Server> {
  const program = findVersitygw();
  if (program === undefined) {
    throw new Error('this bench needs versitygw: WEIR_TEST_REAL=1 npm test compiles it');
  }
  const objects = join(folder, 's3');
  await mkdir(join(objects, bucket), { recursive: true });
  const port = randomInt(40_000, 50_000);
  const keys = ['--access', 'bench', '--secret', 'bench-secret'];
  const args = ['--quiet', ...keys, '--port', `127.0.0.1:${port}`, 'posix', objects];
  const child = spawn('taskset', ['-c', storeCore, program, ...args], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const endpoint = `http://127.0.0.1:${port}`;
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null) throw new Error('versitygw ended before it answered');
    await new Promise((later) => setTimeout(later, 50));
  }
  return {
    env: {
      S3_BUCKET: bucket,
      S3_ENDPOINT: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench-secret',
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  );
}
