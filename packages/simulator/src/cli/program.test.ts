import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { weirSim, weirSimWith } from './run-weir-sim.model.ts';

async function fileOf(text: string, name = 'scenario.json') {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-sim-')), name);
  await writeFile(path, text);
  return path;
}

const rows = (csv: string) =>
  csv
    .trim()
    .split('\n')
    .map((line) => line.split(','));

test('run prints one object that a program can rely on', async () => {
  const { exit, out, err } = await weirSim(
    ...['run', 'H1', '--strategy', 'heroku-remaining', '--seed', '7', '--json'],
  );
  expect([exit, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject({
    scenario: 'H1',
    strategy: 'heroku-remaining',
    seed: 7,
    retryRate: expect.any(Number),
    maxSleepMs: expect.any(Number),
    requestCountStdev: expect.any(Number),
    quotaUsed: expect.any(Number),
    timeToClearMs: null,
    p99WaitMs: expect.any(Number),
    jain: expect.any(Number),
  });
});

test('run draws how long each client sleeps, in the terminal and in a file', async () => {
  const svg = await fileOf('', 'sleep.svg');
  const again = await fileOf('', 'again.svg');
  const args = ['run', 'H1', '--strategy', 'heroku-backoff', '--svg'];
  const { out } = await weirSim(...args, svg);
  expect(out).toMatch(/retry rate +7\d\.\d\d %/);
  expect(out).toContain('sleep in s before each request, by client (10), over 1800 s');
  expect(out).toContain('┤');
  await weirSim(...args, again, '--no-chart');
  const drawn = await readFile(svg, 'utf8');
  expect(drawn.match(/<polyline /g)).toHaveLength(10);
  expect(drawn).toBe(await readFile(again, 'utf8'));
});

test('run writes each attempt to the event log, the same for the same seed', async () => {
  const log = async (seed: string) => {
    const path = await fileOf('', 'events.ndjson');
    await weirSim('run', 'H1', '--strategy', 'aimd', '--seed', seed, '--events', path, '--json');
    return readFile(path, 'utf8');
  };
  const first = await log('3');
  expect(first).toBe(await log('3'));
  expect(first).not.toBe(await log('4'));
  const events = first
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events[0]).toMatchObject({ client: expect.any(Number), sentUs: 0, admitted: false });
  expect(events.every(({ arrivedUs }) => Number.isInteger(arrivedUs))).toBe(true);
});

test('every number of a scenario can be another', async () => {
  const overrides = ['--clients', '23', '--tokens', '3', '--period', '2s', '--burst', '40'];
  const { out } = await weirSim('run', 'H1', '--strategy', 'ideal', ...overrides, '--json');
  expect(JSON.parse(out)).toMatchObject({ admitted: 2_699, refused: 0 });
  const set = ['--set', 'network.roundTripMs=[5,5]', 'clients.0.gapMs=1000', '--duration', '1m'];
  const slow = await weirSim(
    'run',
    'H6',
    '--strategy',
    'ideal',
    '--burst',
    '4000',
    ...set,
    '--json',
  );
  expect(JSON.parse(slow.out).admitted).toBe(600);
});

test('a scenario of its own is a file, and what is wrong with it is told with its line', async () => {
  const own = {
    kind: 'quota',
    id: 'mine',
    durationMs: 60_000,
    server: { quota: { tokens: 1, periodMs: 1_000, burst: 5 }, initialTokens: 5 },
    clients: [{ processes: 2 }],
  };
  const good = await weirSim(
    'run',
    await fileOf(JSON.stringify(own)),
    '--strategy',
    'ideal',
    '--json',
  );
  expect(JSON.parse(good.out)).toMatchObject({ scenario: 'mine', refused: 0 });

  own.server.initialTokens = 6;
  own.clients.push({ processes: -1 });
  const path = await fileOf(JSON.stringify(own, null, 2));
  const { exit, out, err } = await weirSim('run', path);
  expect([exit, out]).toEqual([2, '']);
  expect(err).toContain(`weir-sim: ${path}:18: clients.1.processes: `);

  own.clients.pop();
  const impossible = await fileOf(JSON.stringify(own, null, 2));
  const refused = await weirSim('run', impossible);
  expect(refused.err).toBe(
    `weir-sim: ${impossible}:11: server.initialTokens: expected at most the burst, 5\n`,
  );
  const broken = await weirSim('run', await fileOf('{\n"kind": quota\n}'));
  expect(broken.err).toMatch(/scenario\.json:2: expected JSON/);
});

test.each([
  [['run', 'H99'], 'there is no scenario H99: expected one of H1, '],
  [['run', 'H1', '--strategy', 'hope'], 'there is no strategy hope: expected one of '],
  [['run', 'H1', '--seed', '-1'], '--seed: expected a whole number from 0 up, not -1'],
  [['run', 'H1', '--period', 'soon'], '--period: expected a time such as 500ms, 2s, 30m or 1h'],
  [['run', 'H1', '--clients', '0'], 'H1: clients.0.processes: '],
  [['run', 'H1', '--set', 'server.quota'], '--set: expected PATH=VALUE'],
  [['run', 'H1', '--set', 'net.speed=1'], 'net.speed: this scenario has no net'],
  [['run', 'H1', '--set', '__proto__.x=1'], '--set: expected PATH=VALUE'],
  [['run', 'nowhere/x.json'], 'nowhere/x.json cannot be read: ENOENT'],
  [['run', 'H9', '--strategy', 'aimd'], '--strategy: H9 has the backoffs of AWS alone'],
  [['compare', 'H9'], 'H9: only scenarios of the kinds quota and'],
  [['compare', 'H1', '--seeds', '5-1'], '--seeds: expected numbers such as 1-100 or 1,2,5'],
  [['compare', 'H1', '--tolerance', 'x'], '--tolerance: expected a share from 0 to 1, not x'],
  [['compare', 'H1', '--base', 'x'], '--base: x is not among --strategies'],
  [['replay', 'x', '--tokens', 'a', '--burst', '1'], '--tokens, --period, --burst: tokens must be'],
  [['tune', '--plan', 'free'], '--plan: expected PLAN/QUOTA as the file of tenants names them'],
  [['validate', '--url', 'here', '--key', 'k'], '--url: expected such as http://127.0.0.1:8080'],
  [
    ['validate', '--url', 'http://x', '--key', 'k', '--senders', '0'],
    '--senders: expected a whole',
  ],
  [
    ['validate', '--url', 'http://x', '--key', 'k', '--duration', '0'],
    '--duration: expected a time',
  ],
  [['plan', '--users', '1'], '--requests is missing'],
  [['plan', '--users', 'x', '--requests', '1'], '--users: expected a number, not x'],
  [['plan', '--users', '1', '--requests', '1', '--peak-ratio', '0'], '--peak-ratio: expected a'],
])('%j is misuse, and says why', async (args, expected) => {
  const { exit, out, err } = await weirSim(...args);
  expect([exit, out]).toEqual([2, '']);
  expect(err).toContain(`weir-sim: ${expected}`);
});

test('compare tells strategies apart, with intervals and significance', async () => {
  const strategies = ['--strategies', 'heroku-remaining,aimd,retry-after', '--seeds', '1-12'];
  const { out } = await weirSim('compare', 'H1', ...strategies, '--json');
  const { seeds, rows: compared, base, runs } = JSON.parse(out);
  expect([seeds.length, base, runs.aimd.length]).toEqual([12, 'heroku-remaining', 12]);
  const [, , herd] = compared;
  expect(herd).toMatchObject({ strategy: 'retry-after' });
  expect(herd.differences.retryRate.median).toBeGreaterThan(0.8);
  expect(herd.differences.retryRate.pValue).toBeLessThan(0.05);
  expect(herd.differences.retryRate.interval.low).toBeGreaterThan(0.8);

  const text = (await weirSim('compare', 'H1', ...strategies, '--measures', 'retryRate')).out;
  expect(text).toMatch(/retry-after +8\d\.\d\d % \[.*\]\*/);
  const csv = rows((await weirSim('compare', 'H1', ...strategies, '--csv')).out);
  expect(csv[0]?.slice(0, 5)).toEqual(['scenario', 'seeds', 'strategy', 'measure', 'median']);
  expect(csv.every((row) => row.length === 11)).toBe(true);
});

test('compare with a baseline ends with 1 where something got worse, and says what', async () => {
  const base = ['compare', 'H1', '--strategies', 'heroku-proportional', '--seeds', '1-30'];
  const before = await weirSim(...base, '--json');
  const path = await fileOf(before.out, 'before.json');
  const same = await weirSim(...base, '--baseline', path);
  expect([same.exit, same.out]).toEqual([0, 'as the baseline has it\n']);

  const worse = await weirSim(...base, '--tokens', '1', '--baseline', path);
  expect(worse.exit).toBe(1);
  expect(worse.out).toMatch(/worse: heroku-proportional: p99 wait .* → .* \(p = /);
  const better = await weirSim(...base, '--tokens', '20', '--baseline', path);
  expect(better.out).toMatch(/better: heroku-proportional: retry rate/);

  const other = await weirSim('compare', 'H2', ...base.slice(2), '--baseline', path);
  expect([other.exit, other.err]).toEqual([2, expect.stringContaining('is of H1, not of H2')]);
  const noBaseline = await weirSim(...base, '--baseline', await fileOf('{"seeds":[]}'));
  expect(noBaseline.err).toContain('reads what `weir-sim compare --json` printed');
});

test('an interrupt prints what there is until then', async () => {
  const args = ['compare', 'H1', '--strategies', 'heroku-backoff,aimd', '--seeds', '1-5000'];
  const stopSoon = (stop: () => void) => void setTimeout(stop, 300);
  const { exit, out, err } = await weirSimWith(stopSoon, ...args, '--measures', 'retryRate');
  expect(exit).toBe(130);
  expect(err).toMatch(/interrupted after \d+ of 5000 seeds/);
  expect(out).toMatch(/heroku-backoff +7\d\.\d\d %/);
});

const smallServer = ['--clients', '4', '--duration', '1m', '--set', 'queue=200', 'workers=1'];

test('H7 runs a whole server: queue, batches and store', async () => {
  const { out } = await weirSim('run', 'H7', ...smallServer, '--json');
  expect(JSON.parse(out)).toMatchObject({
    scenario: 'H7',
    strategy: 'weir',
    retryRate: null,
    lostShare: 0,
    p99AcceptToDurableMs: expect.any(Number),
    puts: expect.any(Number),
  });
  expect(JSON.parse(out).goodputPerSecond).toBeGreaterThan(140);
  const text = (
    await weirSim('compare', 'H7', ...smallServer, '--strategies', 'weir,fixed', '--seeds', '1-3')
  ).out;
  expect(text).toMatch(/^strategy +events lost +durable\/s +p99 wait$/m);
  const ideal = await weirSim('run', 'H7', ...smallServer, '--strategy', 'ideal');
  expect([ideal.exit, ideal.err]).toEqual([2, expect.stringContaining('H7 has no ideal')]);
});

test('H9 and H10 run as well', async () => {
  const { out } = await weirSim('run', 'H9', '--strategy', 'full', '--clients', '10', '--json');
  expect(JSON.parse(out)).toMatchObject({
    strategy: 'aws-full',
    retryRate: null,
    rows: [{ clients: 10 }],
  });
  const day = await weirSim('run', 'H10', '--set', 'requests=20000', '--json');
  expect(JSON.parse(day.out)).toMatchObject({ scenario: 'H10', requests: 20_000, retryRate: 0 });
});

test('replay reads a trace, and tells line and field of what is wrong with it', async () => {
  const lines = Array.from({ length: 20 }, (_, i) => `{"us":${i * 1_000},"key":"acme"}\n`);
  const quota = ['--tokens', '1', '--period', '1s', '--burst', '5'];
  const path = await fileOf(lines.join(''), 'trace.ndjson');
  const { out } = await weirSim('replay', path, ...quota, '--json');
  expect(JSON.parse(out)).toMatchObject({ requests: 20, refusedShare: 0.75, burstNeeded: 20 });
  expect((await weirSim('replay', path, ...quota)).out).toMatch(/acme +15 +20/);

  const wrong = await fileOf(`${lines.join('')}{"us":"soon","key":"acme"}\n`, 'trace.ndjson');
  const { exit, err } = await weirSim('replay', wrong, ...quota);
  expect(exit).toBe(2);
  expect(err).toContain('trace.ndjson: line 21: us: expected a whole number from 0 up, not "soon"');
});

test('plan prints a table of Markdown, and numbers for machines', async () => {
  const load = ['plan', '--users', '1_000_000', '--requests', '86400', '--surge', '1,5'];
  const { out } = await weirSim(...load);
  expect(out).toContain('| average | 1,000,000/s | requests a day ÷ 86,400 s |  |');
  const { lines, surges } = JSON.parse((await weirSim(...load, '--json')).out);
  expect(lines[1]).toMatchObject({ name: 'average', value: 1_000_000 });
  expect(surges).toHaveLength(2);
});

test('validate says in one sentence that there is no server', async () => {
  const { exit, out, err } = await weirSim('validate', '--url', 'http://127.0.0.1:1', '--key', 'k');
  expect([exit, out]).toEqual([3, '']);
  expect(err).toMatch(/^weir-sim: http:\/\/127\.0\.0\.1:1\/v1\/limits: .*\n$/);
});

test('list names what there is, and schema is a schema', async () => {
  const { scenarios, strategies } = JSON.parse((await weirSim('list', '--json')).out);
  expect(scenarios.map(({ id }: { id: string }) => id)).toContain('H3-100');
  expect(strategies.map(({ name }: { name: string }) => name)).toContain('heroku-remaining');
  const schema = JSON.parse((await weirSim('schema')).out);
  expect(JSON.stringify(schema)).toContain('so many tokens are earned');
});

test('every command has a help page with an example', async () => {
  for (const command of ['run', 'compare', 'replay', 'plan', 'validate', 'list', 'schema']) {
    const { exit, out } = await weirSim(command, '--help');
    expect(exit).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\\n .*weir-sim ${command}`));
  }
  expect((await weirSim('--help')).out).toContain('Exit codes: 0');
  expect((await weirSim('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await weirSim('run')).exit).toBe(2);
});
