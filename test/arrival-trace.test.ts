import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { post } from './support/sender.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { eventually, startWeir, temporaryFolder } from './support/weir-process.ts';

// A server writes down what came, and the simulator replays it: it refuses what the server refused.

const run = promisify(execFile);
const weirSim = fileURLToPath(
  new URL('../packages/simulator/src/cli/weir-sim.ts', import.meta.url),
);
const quota = { name: 'day', unit: 'requests', tokens: 1, period: '1d', burst: 5 } as const;
const secret = 'not-for-the-trace';
const events = JSON.stringify([{ type: secret }, { type: 'b' }, { type: 'c' }]);

test('what a server traced is replayed to the same refusals, and holds no key and no event', async () => {
  await using folder = await temporaryFolder();
  const [loud, calm] = [makeKey(), makeKey()];
  const tenants = join(folder.path, 'tenants.json');
  await writeTenants(tenants, {
    loud: { keys: [loud], quotas: [quota] },
    calm: { keys: [calm], quotas: [quota] },
  });
  const trace = join(folder.path, 'arrivals.ndjson');
  const env = { WEIR_TENANTS: tenants, WEIR_ARRIVAL_TRACE: trace };
  await using weir = await startWeir({ dataDir: join(folder.path, 'data'), env });
  const statuses: number[] = [];
  for (let i = 0; i < 12; i += 1) {
    statuses.push((await post({ url: weir.url, key: loud.text }, events)).status);
    if (i < 3) statuses.push((await post({ url: weir.url, key: calm.text }, events)).status);
  }
  await weir.end('SIGTERM');

  const text = await readFile(trace, 'utf8');
  expect(text).not.toMatch(new RegExp([secret, loud.text, loud.entry.id].join('|')));
  expect((await stat(trace)).mode & 0o777).toBe(0o600);
  const law = ['--tokens', '1', '--period', '24h', '--burst', '5', '--json'];
  const { stdout } = await run(process.execPath, [weirSim, 'replay', trace, ...law]);
  const report = JSON.parse(stdout);
  const refused = statuses.filter((status) => status === 429).length;
  expect(refused).toBe(7);
  expect(report).toMatchObject({ keys: 2, requests: 15, refusedShare: refused / 15 });
  expect(report.worst).toEqual([{ key: 'loud', requests: 12, refused }]);
  expect(report.bytes).toBe(15 * events.length);
});

test('the trace ends at its bound, and the next start keeps it beside the new one', async () => {
  await using folder = await temporaryFolder();
  const trace = join(folder.path, 'arrivals.ndjson');
  const env = { WEIR_ARRIVAL_TRACE: trace, WEIR_ARRIVAL_TRACE_BYTES: '1 KiB' };
  const options = { dataDir: join(folder.path, 'data'), env };
  {
    await using weir = await startWeir(options);
    for (let i = 0; i < 30; i += 1) expect((await post(weir, events)).status).toBe(202);
    const said = /the trace of arrivals has ended/;
    await eventually('the end is told', () => weir.output().match(said)?.[0]);
    await weir.end('SIGTERM');
  }
  const whole = await readFile(trace, 'utf8');
  expect(whole.length).toBeLessThanOrEqual(1_024);
  expect(whole.trimEnd().split('\n').length).toBeGreaterThan(10);

  await using weir = await startWeir(options);
  await weir.end('SIGTERM');
  expect(await readFile(`${trace}.1`, 'utf8')).toBe(whole);
  expect(await readFile(trace, 'utf8')).toBe('');
});

test('a file that cannot be made is told before anything starts', async () => {
  await using folder = await temporaryFolder();
  const env = { WEIR_ARRIVAL_TRACE: join(folder.path, 'nowhere', 'arrivals.ndjson') };
  const dataDir = join(folder.path, 'data');
  await expect(startWeir({ dataDir, env })).rejects.toThrow(/WEIR_ARRIVAL_TRACE: ENOENT/);
});
