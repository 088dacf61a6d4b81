import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { IngestClient } from '@weir/client';
import { describeMachine, median } from './machine.ts';

const events = 300_000;
const rounds = 7;
const steadyPerSecond = 20_000;
const steadyMs = 5_000;
const apiKey = `weir_benchbenchbe_${'0'.repeat(43)}`;

interface Server {
  readonly url: string;
  readonly key: string;
}

/** What `track` costs: beside the JSON alone, while it is sent as well, and until it is loaded. */
export async function runTrack(): Promise<void> {
  console.log(describeMachine());
  const data = {
    path: '/pricing',
    referrer: 'https://example.com',
    ms: 41,
    plan: 'team',
    seats: 12,
  };
  const filler = 'x'.repeat(200 - JSON.stringify({ ...data, text: '' }).length);
  const event = { ...data, text: filler }; // 200 bytes
  const costs: { track: number; json: number; cpu: number; main: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const json = timeJson(event);
    costs.push({ json, ...(await timeTrack(event)) });
  }
  const of = (pick: (cost: (typeof costs)[number]) => number): number => median(costs.map(pick));
  const track = of((cost) => cost.track);
  console.log(`track, 200 B, nothing sent: ${track.toFixed(2)} µs a call (${rounds} rounds)`);
  const [main, all] = [of((cost) => cost.main), of((cost) => cost.cpu)];
  console.log(
    `  CPU a call: ${main.toFixed(2)} µs; with the engine's threads ${all.toFixed(2)} µs`,
  );
  console.log(`  events a second: ${Math.round(1e6 / track).toLocaleString('en')}`);
  console.log(`  JSON.stringify of the data alone: ${of((cost) => cost.json).toFixed(2)} µs`);
  await steady(event);
  importTime();
}

function timeJson(event: object): number {
  let length = 0;
  const startedMs = performance.now();
  for (let n = 0; n < events; n += 1) length += JSON.stringify(event).length;
  const tookMs = performance.now() - startedMs;
  if (length === 0) throw new Error('nothing was written');
  return (tookMs * 1_000) / events;
}

/** Into the queue, with a server that takes nothing. */
async function timeTrack(event: object): Promise<{ track: number; cpu: number; main: number }> {
  const client = new IngestClient({
    apiKey,
    baseUrl: 'http://127.0.0.1:9',
    maxQueueEvents: 1_000_000,
    maxQueueBytes: 1_073_741_824,
  });
  const before = process.cpuUsage();
  const beforeOnMain = process.threadCpuUsage();
  const startedMs = performance.now();
  for (let n = 0; n < events; n += 1) client.track('page.viewed', event);
  const tookMs = performance.now() - startedMs;
  const onMain = process.threadCpuUsage(beforeOnMain);
  const { user, system } = process.cpuUsage(before);
  await client.close({ timeoutMs: 0 });
  return {
    track: (tookMs * 1_000) / events,
    cpu: (user + system) / events,
    main: (onMain.user + onMain.system) / events,
  };
}

/** While events are sent: how long the event loop is held up. */
async function steady(event: object): Promise<void> {
  const child = fork(fileURLToPath(new URL('./track-server.ts', import.meta.url)));
  const [server] = (await once(child, 'message')) as [Server];
  const client = new IngestClient({ apiKey: server.key, baseUrl: server.url });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const beatMs = 10;
  const startedMs = performance.now();
  let sent = 0;
  const own = ownWork();
  delay.enable();
  while (performance.now() - startedMs < steadyMs) {
    const due = ((performance.now() - startedMs) * steadyPerSecond) / 1_000;
    for (; sent < due; sent += 1) client.track('page.viewed', event);
    await sleep(beatMs);
  }
  delay.disable();
  const ownP99Ms = own.end();
  await client.flush();
  const { acked, requests } = client.stats();
  await client.close();
  child.disconnect();
  const p99 = delay.percentile(99) / 1e6;
  console.log(`${steadyPerSecond} events/s: event loop held up p99 ${p99.toFixed(1)} ms`);
  console.log(`  by work of its own p99 ${ownP99Ms.toFixed(1)} ms, however busy the machine is`);
  console.log(`  ${acked} of ${sent} taken in ${requests} requests`);
}

/** Processor time of this thread between two looks, a millisecond apart where nothing holds them up. */
function ownWork(): { end: () => number } {
  const tookMs: number[] = [];
  let before = process.threadCpuUsage();
  const looking = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before);
    tookMs.push((user + system) / 1_000);
    before = process.threadCpuUsage();
  }, 1);
  return {
    end: () => {
      clearInterval(looking);
      tookMs.sort((a, b) => a - b);
      return tookMs[Math.floor(0.99 * tookMs.length)] ?? 0;
    },
  };
}

/** Of the package as it is published; processor time beside, which does not hang on who else is busy. */
function importTime(): void {
  const built = fileURLToPath(new URL('../packages/client/dist/client/index.js', import.meta.url));
  if (!existsSync(built)) {
    console.log(
      'import: not measured; build the client first (`npm run build` in packages/client)',
    );
    return;
  }
  const program = `const t = performance.now(); const c = process.cpuUsage();
await import(${JSON.stringify(built)});
const { user, system } = process.cpuUsage(c);
console.log(JSON.stringify([performance.now() - t, (user + system) / 1_000]));`;
  const times = Array.from({ length: rounds }, () => {
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program]);
    return JSON.parse(said.toString()) as [number, number];
  });
  const [wall, cpu] = [0, 1].map((of) => median(times.map((time) => time[of] as number)));
  console.log(`import: ${wall?.toFixed(1)} ms, CPU ${cpu?.toFixed(1)} ms (median of ${rounds})`);
}
