import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, stop } from './contender.ts';
import { eventOf } from './events.ts';
import { drive } from './load.ts';
import { describeMachine } from './machine.ts';
import { tenantsFile } from './tenants.ts';

const seconds = 30;
const dollarsPerPut = 0.005 / 1_000;
const requestsPerMinute = 1_000_000;

/** What the objects cost in PUTs at a million requests a minute, from the PUTs of a real run. */
export async function runPuts(): Promise<void> {
  const rows: string[] = [];
  for (const tenants of [1, 10_000]) rows.push(await row(tenants));
  const table = [
    '| tenants | requests/s | PUTs in the run | MiB an object | PUTs/day at 1 M requests/min | $ a day |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
  console.log(table);
  const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${seconds} s`;
  await appendFile(new URL('./history-puts.md', import.meta.url), `\n## ${title}\n\n${table}\n`);
}

async function row(count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  const { path, keys } = await tenantsFile(count, 'wide');
  const program = ['packages/server/bin/weir.mjs', 'serve'];
  const server = await start({ program, env: { WEIR_TENANTS: path } }, folder);
  try {
    const load = await drive({
      url: `${server.url}/v1/events`,
      headers: { 'content-type': 'application/json' },
      keys,
      body: eventOf(1024),
      connections: 64,
      seconds,
    });
    const before = await puts(server.adminUrl);
    const rate = requestsPerMinute / 60;
    // Sealed by size the PUTs grow with the events; sealed by age they come however few there are.
    const perDay = before.puts * (rate / load.perSecond) * (86_400 / seconds);
    const mib = before.bytes / before.puts / 2 ** 20;
    const cells = [
      count,
      Math.round(load.perSecond),
      before.puts,
      mib.toFixed(1),
      Math.round(perDay),
      (perDay * dollarsPerPut).toFixed(2),
    ];
    return `| ${cells.join(' | ')} |`;
  } finally {
    await stop(server);
    await rm(folder, { recursive: true, force: true });
  }
}

async function puts(adminUrl: string): Promise<{ readonly puts: number; readonly bytes: number }> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const read = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return {
    puts: read(/^weir_store_puts_total\{outcome="created"\} (\d+)/m),
    bytes: read(/^weir_store_put_bytes_total (\d+)/m),
  };
}
