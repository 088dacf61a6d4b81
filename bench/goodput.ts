import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Running, start, stop } from './contender.ts';
import { startDouble } from './double.ts';
import { batchOf } from './events.ts';
import { median } from './machine.ts';

const program = ['packages/server/bin/weir.mjs', 'serve'];
const share = 0.3;
const latency = ['--latency-median-ms', '50', '--latency-p99-ms', '150'];
const eventsPerSegment = 10;

interface Drained {
  readonly objectsPerSecond: number;
  readonly attempts: number;
}

/** What a backlog gets through a bucket that refuses three of ten requests, against one that does not. */
export async function runGoodput(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      segments: { type: 'string', default: '200' },
    },
  });
  const rows: string[] = [];
  const shares: number[] = [];
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const segments = Number(values.segments);
    const plain = await drain(segments, latency);
    const refused = await drain(segments, [...latency, '--slow-down', `${share}`]);
    const left = refused.objectsPerSecond / plain.objectsPerSecond / (1 - share);
    shares.push(left);
    const cells = [plain.objectsPerSecond, refused.objectsPerSecond, left, refused.attempts];
    rows.push(`| ${[round, ...cells.map((cell) => cell.toFixed(2))].join(' | ')} |`);
  }
  console.log('| round | objects/s | at 30 % SlowDown | of what is left | PUTs an object |');
  console.log(['|---|---|---|---|---|', ...rows].join('\n'));
  console.log(`median of what is left: ${median(shares).toFixed(2)}`);
}

/** Fills a spool while nothing is delivered, then times its delivery. */
async function drain(segments: number, options: readonly string[]): Promise<Drained> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const double = await startDouble(options);
  try {
    const env = { ...double.env, WEIR_SEGMENT_EVENTS: `${eventsPerSegment}` };
    const filling = await start({ program, env: { ...env, MAX_WORKERS: '0' } }, folder);
    for (let i = 0; i < segments; i += 1) await post(filling);
    await stop(filling);
    const before = await double.counts();
    const startedMs = performance.now();
    const weir = await start({ program, env }, folder);
    while ((await queued(weir)) > 0) await sleep(20);
    const tookMs = performance.now() - startedMs;
    const after = await double.counts();
    await stop(weir);
    const objects = after.commits - before.commits;
    return {
      objectsPerSecond: (objects * 1_000) / tookMs,
      attempts: (after.puts - before.puts) / objects,
    };
  } finally {
    await double.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function post({ url, key }: Running): Promise<void> {
  const reply = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: batchOf(eventsPerSegment, 256),
  });
  if (reply.status !== 202) throw new Error(`a ${reply.status} while the spool was filled`);
}

async function queued({ adminUrl }: Running): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^weir_spool_requests (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}
