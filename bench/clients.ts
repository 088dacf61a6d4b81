import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type Seen, startClientsServer } from './clients-server.ts';
import { describeMachine } from './machine.ts';

const folder = new URL('./clients/', import.meta.url);
const key = `weir_benchbenchbe_${'0'.repeat(43)}`;
const quota = { tokens: 10, periodMs: 1_000, burst: 10 };
const batches = 300;
const eventsPerBatch = 10;
const workers = 32; // of clients that send one request at a time

/** A program in `clients/`, what it is called, and the package it is about. */
const clients = [
  { file: 'weir.mjs', name: 'weir', from: '@weir/client' },
  { file: 'posthog-node.mjs', name: 'posthog-node', from: 'posthog-node' },
  {
    file: 'segment-analytics-node.mjs',
    name: '@segment/analytics-node',
    from: '@segment/analytics-node',
  },
  {
    file: 'rudder-sdk-node.mjs',
    name: '@rudderstack/rudder-sdk-node',
    from: '@rudderstack/rudder-sdk-node',
  },
  { file: 'undici-retry-agent.mjs', name: 'undici RetryAgent', from: 'undici' },
  { file: 'ky.mjs', name: 'ky', from: 'ky' },
  { file: 'p-retry.mjs', name: 'p-retry', from: 'p-retry' },
  { file: 'smithy-adaptive.mjs', name: 'Smithy adaptive', from: '@smithy/util-retry' },
] as const;

type Contender = (typeof clients)[number];

interface Result extends Seen {
  readonly name: string;
  /** From the first request until the last process was done; Infinity where one had to be ended. */
  readonly seconds: number;
}

/**
 * Clients beside each other on one small key: the same events, the same law. First one process of each,
 * then four, which share the work.
 */
export async function runClients(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      limit: { type: 'string', default: '120' },
    },
  });
  const limitMs = Number(values.limit) * 1_000;
  await install();
  const parts: string[] = [];
  for (const processes of [1, 4]) {
    const results: Result[] = [];
    for (const contender of clients.filter(({ name }) => name.includes(values.only))) {
      const result = await measure(contender, processes, limitMs);
      console.error(`${processes}: ${JSON.stringify(result)}`);
      results.push(result);
    }
    parts.push(
      `${processes === 1 ? 'One process' : `${processes} processes on one key`}:\n\n${tableOf(results, values.limit)}`,
    );
  }
  const report = parts.join('\n\n');
  console.log(report);
  if (values.only !== '') return;
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()}`;
  const history = new URL('./history-clients.md', import.meta.url);
  await appendFile(history, `\n## ${title}\n\n${report}\n`);
}

/** On first use, and whenever package.json asks for another version. */
async function install(): Promise<void> {
  const wanted = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const isWhole = Object.entries(wanted.dependencies).every(
    ([name, version]) => versionOf(name) === version,
  );
  if (isWhole) return;
  console.error('installing the clients that weir is compared with');
  const args = ['-y', 'pnpm@12', 'install', '--frozen-lockfile'];
  await promisify(execFile)('npx', args, { cwd: fileURLToPath(folder) });
}

function versionOf(name: string): string | undefined {
  const isOurs = name === '@weir/client';
  const manifest = isOurs
    ? new URL('../packages/client/package.json', import.meta.url)
    : new URL(`node_modules/${name}/package.json`, folder);
  if (!existsSync(manifest)) return undefined;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

async function measure(
  { file, name, from }: Contender,
  processes: number,
  limitMs: number,
): Promise<Result> {
  await using server = await startClientsServer([quota]);
  const share = batches / processes;
  const running = Array.from({ length: processes }, (_, index) =>
    runOne(file, {
      url: server.url,
      key,
      from: index * share,
      batches: share,
      eventsPerBatch,
      workers: workers / processes,
      limitMs,
    }),
  );
  const endedAtMs = await Promise.all(running);
  const seen = server.seen();
  const seconds = (Math.max(...endedAtMs) - seen.firstAtMs) / 1_000;
  return { name: `${name} ${versionOf(from)}`, seconds, ...seen };
}

/** Runs a client in a process of its own; resolves with when it was done, Infinity where it had to be ended. */
async function runOne(
  file: string,
  task: Readonly<Record<string, string | number>> & { readonly limitMs: number },
): Promise<number> {
  const program = fileURLToPath(new URL(file, folder));
  // Its own waits are longer than the limit: it is to be stopped, and not to seem to give up.
  const given = { ...task, limitMs: 2 * task.limitMs };
  const child = spawn(process.execPath, [program, JSON.stringify(given)], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), task.limitMs);
  const ended = once(child, 'close');
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  clearTimeout(deadline);
  const last = out.trimEnd().split('\n').at(-1) ?? '';
  if (child.signalCode === null && last === '') throw new Error(`${file} failed: ${errors}`);
  return last === '' ? Infinity : Number(last);
}

function tableOf(results: readonly Result[], limitSeconds: string): string {
  const events = batches * eventsPerBatch;
  const rows = results.map((result) => [
    result.name,
    result.requests,
    `${result.refused} (${percent(result.refused, result.requests)})`,
    percent(result.delivered, events) + (result.doubled === 0 ? '' : `, ${result.doubled} twice`),
    endOf(result, limitSeconds),
    result.peakPerSecond,
  ]);
  return [
    '| client | requests | 429s | delivered | seconds | peak requests/s |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

function percent(part: number, whole: number): string {
  const value = (100 * part) / whole;
  return `${value === 0 || value === 100 ? value : value.toFixed(1)} %`;
}

/** A client that is done with events missing has given them up. */
function endOf({ seconds, delivered }: Result, limitSeconds: string): string {
  if (seconds === Infinity) return `stopped after ${limitSeconds}`;
  return delivered === batches * eventsPerBatch
    ? seconds.toFixed(1)
    : `gave up in ${seconds.toFixed(1)}`;
}
