import { appendFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Contender, type Measured, measure } from './contender.ts';
import { batchOf, eventOf } from './events.ts';
import { goPeer } from './go-peer.ts';
import { describeMachine, median } from './machine.ts';
import { tenantsFile } from './tenants.ts';

const weir = ['packages/server/bin/weir.mjs', 'serve'];
const event = eventOf(1024);
const batch = batchOf(100, 256);
const held = { MAX_WORKERS: '0' };
const spent = await tenantsFile(1, 'tiny'); // the first request of the warm-up takes it all

const contenders: readonly Contender[] = [
  { name: 'bare Hono echo', program: ['bench/echo-server.ts'], body: event, eventsPerRequest: 1 },
  ...goPeer(event, 1, 'Go, durably, nothing else'),
  {
    name: 'weir, memory spool',
    program: weir,
    env: { ...held, WEIR_SPOOL: 'memory' },
    body: event,
    eventsPerRequest: 1,
  },
  {
    name: 'weir, taking durably',
    program: weir,
    env: held,
    body: event,
    eventsPerRequest: 1,
    stores: true,
  },
  {
    name: 'weir, taking and delivering',
    program: weir,
    body: event,
    eventsPerRequest: 1,
    stores: true,
  },
  {
    name: 'weir, taking and delivering with Redis',
    program: weir,
    body: event,
    eventsPerRequest: 1,
    stores: true,
    withRedis: true,
  },
  {
    name: 'weir, the same with Redis, and traces of 1 %',
    program: weir,
    body: event,
    eventsPerRequest: 1,
    stores: true,
    withRedis: true,
    isTraced: true,
  },
  {
    name: 'weir, refusing from memory',
    program: weir,
    env: { WEIR_TENANTS: spent.path, BENCH_KEY: spent.keys[0] ?? '' },
    body: event,
    eventsPerRequest: 1,
    refuses: true,
  },
  {
    name: 'batches of 100 × 256 B, taking',
    program: weir,
    env: held,
    body: batch,
    eventsPerRequest: 100,
    stores: true,
  },
  {
    name: 'batches of 100 × 256 B, and delivering',
    program: weir,
    body: batch,
    eventsPerRequest: 100,
    stores: true,
  },
];

/** Contenders in turn, the order reversed every second round; ratios per round, then the median. */
export async function runIngest(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  });
  const chosen = contenders.filter(
    ({ name }, i) => i === 0 || values.only === undefined || name.includes(values.only),
  );
  const results = new Map<string, Measured[]>(chosen.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const order = round % 2 === 0 ? chosen : chosen.toReversed();
    for (const contender of order) {
      const measured = await measure(contender, Number(values.seconds));
      results.get(contender.name)?.push(measured);
      console.error(`round ${round + 1}: ${contender.name}: ${Math.round(measured.perSecond)}/s`);
    }
  }
  const table = report(chosen, results);
  console.log(table);
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${values.rounds} rounds of ${values.seconds} s`;
  await appendFile(new URL('./history-ingest.md', import.meta.url), `\n## ${title}\n\n${table}\n`);
}

function report(chosen: readonly Contender[], results: ReadonlyMap<string, Measured[]>): string {
  const [yardstick] = chosen as [Contender];
  const base = results.get(yardstick.name) as Measured[];
  const rows = chosen.map(({ name, eventsPerRequest }) => {
    const own = results.get(name) as Measured[];
    const of = (pick: (measured: Measured) => number): number => median(own.map(pick));
    const ratio = median(own.map(({ perSecond }, i) => perSecond / (base[i]?.perSecond ?? 0)));
    const perSecond = of((measured) => measured.perSecond);
    return [
      name,
      Math.round(perSecond),
      Math.round(perSecond * eventsPerRequest),
      ratio.toFixed(2),
      of((measured) => measured.cpuUs).toFixed(1),
      of((measured) => measured.p50Ms).toFixed(1),
      of((measured) => measured.p99Ms).toFixed(1),
      Math.round(of((measured) => measured.peakRssMiB)),
    ].join(' | ');
  });
  return [
    '| contender | requests/s | events/s | ÷ echo | µs CPU a request | p50 ms | p99 ms | peak RSS MiB |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}
