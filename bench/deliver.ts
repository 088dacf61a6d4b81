import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
const workers = 2;
const sealAfterMs = 10_000;
const credentials = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench-secret',
} as const;
const dollarsPerPut = 0.005 / 1_000;
const eventsPerDay = 1_000_000 * 60 * 24;

interface Puts {
  readonly puts: number;
  readonly putEvents: number;
  readonly putBytes: number;
}

interface Round extends Puts {
  readonly events: number;
  readonly rawBytes: number;
  readonly seconds: number;
  /** Seconds of CPU, all threads. */
  readonly cpu: number;
  readonly loopP99Ms: number;
  /** While it delivers; and while it takes, as fast as it can. */
  readonly peakRssMiB: number;
  readonly takingRssMiB: number;
}

/** From a full spool to a real S3 server: how fast, at what CPU, and how late requests would be. */
export async function runDeliver(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      segments: { type: 'string', default: '8' },
      codec: { type: 'string', default: 'zstd' },
    },
  });
  const rows: string[] = [];
  for (const tenants of [1, 10_000]) {
    const rounds: Round[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      rounds.push(await measure(tenants, Number(values.segments), values.codec));
      console.error(`${tenants} tenants, round ${round + 1}: ${rowOf(tenants, rounds.slice(-1))}`);
    }
    rows.push(rowOf(tenants, rounds));
  }
  const table = [
    '| tenants | raw MiB/s | events/s | raw MiB a CPU second | µs CPU an event | loop p99 ms | peak RSS MiB | … while taking | MiB an object | $ a day of PUTs |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  console.log(table);
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${values.codec}, ${values.rounds} rounds`;
  const history = new URL('./history-deliver.md', import.meta.url);
  await appendFile(history, `\n## ${title}\n\n${table}\n`);
}

function rowOf(tenants: number, rounds: readonly Round[]): string {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick));
  const mib = 2 ** 20;
  const cells = [
    tenants,
    of(({ rawBytes, seconds }) => rawBytes / mib / seconds).toFixed(0),
    of(({ events, seconds }) => events / seconds).toFixed(0),
    of(({ rawBytes, cpu }) => rawBytes / mib / cpu).toFixed(0),
    of(({ events, cpu }) => (cpu * 1e6) / events).toFixed(1),
    of(({ loopP99Ms }) => loopP99Ms).toFixed(1),
    of(({ peakRssMiB }) => peakRssMiB).toFixed(0),
    of(({ takingRssMiB }) => takingRssMiB).toFixed(0),
    of(({ putBytes, puts }) => putBytes / puts / mib).toFixed(1),
    of(({ puts, putEvents }) => (puts / putEvents) * eventsPerDay * dollarsPerPut).toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Takes events while the store is not there yet, then starts it and watches the spool run empty. */
async function measure(tenants: number, segments: number, codec: string): Promise<Round> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const { path, keys } = await tenantsFile(tenants, 'wide');
  const port = randomInt(30_001, 32_768); // below those that connections are given
  const server = await start(
    { program: serverProgram, env: settingsOf(path, codec, port) },
    folder,
  );
  try {
    const bodies = shopEvents(2_000);
    const load = {
      url: `${server.url}/v1/events`,
      headers: { 'content-type': 'application/json' },
      keys,
      body: bodies,
      connections: 64,
      seconds: 3,
    };
    while ((await segmentsIn(folder)) < segments + workers) {
      const { refused, requests } = await drive(load);
      if (refused > requests / 100) throw new Error('the spool did not take all');
    }
    await until(1.1 * sealAfterMs, async () => false); // the last segment is sealed by its age
    const spooled = await metric(server, /^weir_spool_requests (\d+)/m);
    const takingRssMiB = residentMiB(server.pid).peak;
    await writeFile(`/proc/${server.pid}/clear_refs`, '5'); // the peak begins anew
    await using store = await startStore(folder, port);
    const delivered = await Promise.race([deliver(folder, server), store.ended]);
    const events = spooled * delivered.share;
    const rawBytes = events * median(bodies.map(({ length }) => length));
    return { ...delivered, ...(await putsIn(folder)), events, rawBytes, takingRssMiB };
  } finally {
    await stop(server);
    await rm(folder, { recursive: true, force: true });
  }
}

function settingsOf(tenants: string, codec: string, port: number): Record<string, string> {
  return {
    WEIR_TENANTS: tenants,
    WEIR_CODEC: codec,
    WEIR_SEGMENT_AGE_MS: `${sealAfterMs}`,
    WEIR_MAX_QUEUE_BYTES: '8 GiB',
    MAX_QUEUE: '10000000',
    MAX_WORKERS: `${workers}`,
    S3_BUCKET: bucket,
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    ...credentials,
  };
}

/** From the first object to the last segment. Each worker has packed one segment before that. */
async function deliver(folder: string, server: Running) {
  await until(60_000, async () => (await namesIn(objectsOf(folder))).some(isObject));
  const segments = await segmentsIn(folder);
  const startMs = performance.now();
  const cpuBefore = cpuSeconds(server.pid);
  await loopDelayMs(server); // it counts from here
  // Looks at files, since a question to the server would delay its event loop.
  await until(600_000, async () => (await segmentsIn(folder)) === 0);
  return {
    share: Math.max(0, segments - workers) / segments,
    seconds: (performance.now() - startMs) / 1_000,
    cpu: cpuSeconds(server.pid) - cpuBefore,
    loopP99Ms: await loopDelayMs(server),
    peakRssMiB: residentMiB(server.pid).peak,
  };
}

/** What segments that were sealed for their size cost: the last one is small, and its objects few. */
async function putsIn(folder: string): Promise<Puts> {
  const found: Puts[] = [];
  for (const name of await namesIn(objectsOf(folder))) {
    if (!/_manifests\/.*\.json$/.test(name)) continue;
    const text = await readFile(join(objectsOf(folder), name), 'utf8');
    const { objects } = JSON.parse(text) as { objects: { events: number; bytes: number }[] };
    const sum = (pick: (object: { events: number; bytes: number }) => number) =>
      objects.reduce((total, object) => total + pick(object), 0);
    const [putEvents, putBytes] = [sum(({ events }) => events), sum(({ bytes }) => bytes)];
    found.push({ puts: objects.length + 1, putEvents, putBytes });
  }
  const largest = Math.max(...found.map(({ putEvents }) => putEvents));
  const full = found.filter(({ putEvents }) => putEvents > largest / 2);
  return full.reduce((total, one) => ({
    puts: total.puts + one.puts,
    putEvents: total.putEvents + one.putEvents,
    putBytes: total.putBytes + one.putBytes,
  }));
}

const isObject = (name: string) => /^tenant=.*-\d+\./.test(name);

/** Sealed, and not delivered yet. */
async function segmentsIn(folder: string): Promise<number> {
  const names = await namesIn(join(folder, 'spool'));
  return names.filter((name) => name.endsWith('.seg')).length;
}

function objectsOf(folder: string): string {
  return join(folder, 's3', bucket);
}

/** All files below, by their paths; none where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder, { recursive: true }).catch(() => []);
}

/** Waits until it is so, but no longer. */
async function until(mostMs: number, isSo: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + mostMs; performance.now() < endMs; ) {
    if (await isSo()) return;
    await new Promise((later) => setTimeout(later, 20));
  }
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

/** versitygw on the other core, with its objects in `folder`; `ended` rejects where it ends by itself. */
async function startStore(
  folder: string,
  port: number,
): Promise<AsyncDisposable & { readonly ended: Promise<never> }> {
  const program = findVersitygw();
  if (program === undefined) {
    throw new Error('this bench needs versitygw: WEIR_TEST_REAL=1 npm test compiles it');
  }
  await mkdir(objectsOf(folder), { recursive: true });
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = credentials;
  const keys = ['--access', id, '--secret', secret];
  const args = ['--quiet', ...keys, '--port', `127.0.0.1:${port}`, 'posix', join(folder, 's3')];
  const child = spawn('taskset', ['-c', storeCore, program, ...args], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const ended = exited.then(() => Promise.reject(new Error('the store ended by itself')));
  ended.catch(() => undefined);
  return {
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
