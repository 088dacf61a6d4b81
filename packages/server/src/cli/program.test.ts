import { mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Keys } from '../tenants/keys.ts';
import { makeTenants } from '../tenants/tenants.ts';
import { parseTenants, type TenantsFile } from '../tenants/tenants-file.ts';
import { weir } from './run-weir.model.ts';

const ceiling = { bodyBytes: 1, decodedBytes: 1, eventBytes: 1, events: 1 };

async function tenantsIn(name: string, text?: string) {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-cli-')), name);
  if (text !== undefined) await writeFile(path, text);
  return path;
}

async function callerOf(path: string, key: string) {
  const file = parseTenants(await readFile(path, 'utf8'), path) as TenantsFile;
  return new Keys(makeTenants(file, ceiling)).authenticate(`Bearer ${key}`);
}

const yaml = `# Who may send what.
plans:
  gold: # for friends
    - { name: req, unit: requests, tokens: 10, period: 1s, burst: 20, scope: tenant }
tenants:
  acme:
    plan: gold
    # made by hand
    keys: []
  42:
    plan: gold
    keys: []
`;

test('a key that was made opens its tenant, and only its hash is in the file', async () => {
  const path = await tenantsIn('tenants.json');
  const { exit, out } = await weir('keys', 'create', 'acme', '--tenants', path);
  expect(exit).toBe(0);
  expect(out).toMatch(/^weir_[a-z0-9]{12}_[0-9A-Za-z]{43}\n$/);
  const key = out.trim();
  expect(await callerOf(path, key)).toMatchObject({ tenant: 'acme', scopes: new Set(['ingest']) });
  expect(await readFile(path, 'utf8')).not.toContain(key.slice(18));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('keys are made, listed and revoked for machines as well', async () => {
  const path = await tenantsIn('tenants.yaml', yaml);
  const scopes = ['--scope', 'read', 'ingest'];
  const made = await weir('keys', 'create', 'acme', '--tenants', path, ...scopes, '--json');
  const { key, id, ...rest } = JSON.parse(made.out);
  expect(rest).toEqual({ tenant: 'acme', scopes: ['read', 'ingest'], file: path });
  const listed = await weir('keys', 'list', '--tenants', path, '--json');
  expect(JSON.parse(listed.out)).toEqual({
    keys: [{ id, tenant: 'acme', plan: 'gold', scopes: ['read', 'ingest'] }],
  });
  const revoked = await weir('keys', 'revoke', id, '--tenants', path, '--json');
  expect(JSON.parse(revoked.out)).toEqual({ revoked: id, file: path });
  expect(await callerOf(path, key)).toMatchObject({ refused: 'unauthorized' });
});

test('a YAML file keeps its comments and all that was not changed', async () => {
  const path = await tenantsIn('tenants.yaml', yaml);
  const { out } = await weir('keys', 'create', '42', '--tenants', path);
  const changed = await readFile(path, 'utf8');
  expect(changed).toContain('# Who may send what.');
  expect(changed).toContain('# for friends');
  expect(changed).toContain('- { name: req, unit: requests, tokens: 10, period: 1s, burst: 20, ');
  expect(changed).toContain('# made by hand');
  expect(await callerOf(path, out.trim())).toMatchObject({ tenant: '42' });
  await weir('keys', 'revoke', out.slice(5, 17), '--tenants', path);
  const again = await readFile(path, 'utf8');
  expect(again).toBe(changed.replace(/keys:\n {6}- id(?:.|\n)*$/, 'keys: []\n'));
});

test('a JSON file keeps its indentation, a one-line file its line', async () => {
  const value = { plans: { p: [] as unknown[] }, tenants: { acme: { plan: 'p', keys: [] } } };
  value.plans.p.push({
    name: 'req',
    unit: 'requests',
    tokens: 1,
    period: '1s',
    burst: 1,
    scope: 'key',
  });
  for (const indent of ['\t', '    ', '']) {
    const before = JSON.stringify(value, null, indent);
    const path = await tenantsIn('tenants.json', before);
    const { out } = await weir('keys', 'create', 'acme', '--tenants', path);
    const changed = await readFile(path, 'utf8');
    expect(changed).toBe(JSON.stringify(JSON.parse(changed), null, indent));
    await weir('keys', 'revoke', out.slice(5, 17), '--tenants', path);
    expect(await readFile(path, 'utf8')).toBe(before);
  }
});

test('a new tenant gets the plan that was named, or the one there is, and the person is told', async () => {
  const path = await tenantsIn('tenants.yaml', yaml);
  const { exit, err } = await weir('keys', 'create', 'blue', '--tenants', path);
  expect([exit, err]).toEqual([
    0,
    expect.stringContaining('added the tenant blue with the plan gold'),
  ]);
  const wrong = await weir('keys', 'create', 'red', '--tenants', path, '--plan', 'silver');
  expect([wrong.exit, wrong.err]).toEqual([
    1,
    `weir: ${path}: the tenant red is new, and there is no plan silver: there are gold\n`,
  ]);
});

test('keys made at the same time are all in the file, and no lock or draft is left', async () => {
  const path = await tenantsIn('tenants.yaml', yaml);
  const names = ['acme', '42', 'blue', 'red', 'green', 'acme'];
  const made = await Promise.all(
    names.map((name) => weir('keys', 'create', name, '--tenants', path)),
  );
  const callers = await Promise.all(made.map(({ out }) => callerOf(path, out.trim())));
  expect(callers.map((caller) => 'tenant' in caller && caller.tenant)).toEqual(names);
  expect(await readdir(join(path, '..'))).toEqual(['tenants.yaml']);
});

test('mode and link of a file stay as they are', async () => {
  const path = await tenantsIn('tenants.yaml');
  await writeFile(path, yaml, { mode: 0o640 });
  const link = join(path, '..', 'link.yaml');
  await symlink(path, link);
  await weir('keys', 'create', 'acme', '--tenants', link);
  expect((await stat(path)).mode & 0o777).toBe(0o640);
  expect(await readFile(link, 'utf8')).toBe(await readFile(path, 'utf8'));
  expect(await readFile(path, 'utf8')).toContain('hash:');
});

test('a bad file is not changed, and all that is wrong with it is told', async () => {
  const bad = yaml.replace('tokens: 10', 'tokens: none').replace('unit: requests', 'unit: req');
  const path = await tenantsIn('tenants.yaml', bad);
  for (const args of [['create', 'acme'], ['revoke', 'abcdefghijkl'], ['list']]) {
    const { exit, out, err } = await weir('keys', ...args, '--tenants', path);
    expect([exit, out]).toEqual([1, '']);
    expect(err).toContain(`weir: ${path}: plans.gold[0].tokens: expected a whole number`);
    expect(err).toContain('plans.gold[0].unit: expected requests, events or bytes');
  }
  expect(await readFile(path, 'utf8')).toBe(bad);
});

test.each([
  ['no file named', ['keys', 'list'], /--tenants FILE or in WEIR_TENANTS/],
  ['a bad tenant', ['keys', 'create', '../x', '--tenants', 'x.json'], /TENANT: expected a name/],
  [
    'a whole key',
    ['keys', 'revoke', `weir_a_${'S'.repeat(43)}`, '--tenants', 'x'],
    /KEYID: expected/,
  ],
  ['an unknown scope', ['keys', 'create', 'a', '--scope', 'write'], /ingest, read/],
  ['an unknown command', ['keys', 'steal'], /unknown command/],
  ['an unknown option', ['check', '--fast'], /unknown option/],
  ['no argument', ['keys', 'create'], /missing required argument/],
  ['no command', [], /Usage: weir/],
])('%s is wrong usage: exit code 2 and what was expected', async (_, args, expected) => {
  const { exit, out, err } = await weir(...args);
  expect([exit, out]).toEqual([2, '']);
  expect(err).toMatch(expected);
  expect(err).not.toMatch(/SSSS|\n\s+at /);
});

test('a key id that nobody has is found missing, not revoked', async () => {
  const path = await tenantsIn('tenants.yaml', yaml);
  const { exit, err } = await weir('keys', 'revoke', 'abcdefghijkl', '--tenants', path);
  expect([exit, err]).toEqual([1, `weir: ${path}: no key has the id abcdefghijkl\n`]);
});

test('what the disk refuses is told in one sentence, with an exit code of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-cli-'));
  const isFolder = await weir('keys', 'create', 'acme', '--tenants', folder);
  expect([isFolder.exit, isFolder.err]).toEqual([3, expect.stringMatching(/^weir: EISDIR: .*\n$/)]);
  const nowhere = await weir('keys', 'create', 'acme', '--tenants', join(folder, 'a', 'b.json'));
  expect([nowhere.exit, nowhere.err]).toEqual([3, `weir: there is no folder ${folder}/a\n`]);
});

test('check tells of settings and tenants at once', async () => {
  const path = await tenantsIn('tenants.json', '{"plans": {}, "tenants": {"A": 1}}');
  const config = await tenantsIn('config.json', '{"PORTS": 1, "MAX_WORKERS": 999}');
  const both = await weir('check', '--tenants', path, '--config', config, '--json');
  expect(both.exit).toBe(1);
  expect(JSON.parse(both.out).problems).toEqual([
    '"PORTS": no such setting',
    'MAX_WORKERS: expected a whole number from 0 to 256, given 999',
    expect.stringMatching(/tenants\.A: expected a name/),
    expect.stringMatching(/tenants\.A: expected a tenant/),
  ]);
});

test('check says what is fine, and warns of a limit that the server does not allow', async () => {
  const alone = await weir('check');
  expect([alone.exit, alone.out]).toEqual([0, expect.stringContaining('settings: fine')]);
  const limits = yaml.replace('keys: []', 'keys: []\n    limits: { events: 20000, eventBytes: 1 }');
  const path = await tenantsIn('tenants.yaml', limits);
  const { exit, out, err } = await weir('check', '--tenants', path);
  expect(exit).toBe(0);
  expect(out).toContain('tenants: fine, 1 plan, 2 tenants, 0 keys');
  expect(err).toBe(
    'tenants.acme.limits.events is 20000, but WEIR_MAX_EVENTS allows no more than 10000\n',
  );
});

test('every command has a help page with an example', async () => {
  const commands = [
    'serve',
    'keys',
    'keys create',
    'keys list',
    'keys revoke',
    'check',
    'verify',
    'replay',
    'cat',
  ];
  for (const command of commands) {
    const { exit, out } = await weir(...command.split(' '), '--help');
    expect(exit).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\\n .*weir ${command}`));
  }
  expect((await weir('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await weir('--help')).out).toContain('Exit codes: 0');
});
