import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const launcher = fileURLToPath(new URL('../../bin/weir.mjs', import.meta.url));

async function place() {
  const folder = await mkdtemp(join(tmpdir(), 'weir-serve-'));
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    PORT: '0',
    WEIR_ADMIN_PORT: '0',
    WEIR_DATA_DIR: join(folder, 'data'),
  };
  return { folder, env };
}

type Env = Readonly<Record<string, string>>;

function weir(args: readonly string[], env: Env) {
  return new Promise<{ exit: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [launcher, ...args], { env }, (error, out, err) => {
      resolve({ exit: error?.code ?? 0, out, err });
    });
  });
}

/** Starts a server and waits until it says that it is ready. */
async function serve(env: Env) {
  const child = spawn(process.execPath, [launcher, 'serve'], { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ready = Promise.withResolvers<{ port: number; adminPort: number }>();
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      if (line.includes('"msg":"ready"')) ready.resolve(JSON.parse(line));
    });
  }
  const closed = once(child, 'close');
  const { port, adminPort } = await Promise.race([
    ready.promise,
    closed.then(() => Promise.reject(new Error(lines.join('\n')))),
  ]);
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return (await closed)[0];
  };
  const admin = `http://127.0.0.1:${adminPort}`;
  return { url: `http://127.0.0.1:${port}/v1/events`, admin, lines, stop };
}

const send = (url: string, key: string) =>
  fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"type":"test.sent","data":{}}',
  });

test('bad settings end it before it starts, all of them told, without a stack', async () => {
  const { env } = await place();
  const bad = { ...env, PORT: 'eighty', MAX_QUEUE: '0' };
  const { exit, out, err } = await weir(['serve'], bad);
  expect([exit, out]).toEqual([1, '']);
  expect(err).toBe(
    'weir: PORT: expected a whole number from 0 to 65535, given "eighty"\n' +
      'weir: MAX_QUEUE: expected a whole number from 1 to 1000000000, given "0"\n',
  );
});

test('a bad file of tenants ends it as well, and so does one that is missing', async () => {
  const { folder, env } = await place();
  const WEIR_TENANTS = join(folder, 'tenants.json');
  const missing = await weir(['serve', '--json'], { ...env, WEIR_TENANTS });
  expect(missing.exit).toBe(1);
  expect(JSON.parse(missing.out).problems[0]).toContain(`${WEIR_TENANTS}: cannot be read: ENOENT`);
  await writeFile(WEIR_TENANTS, '{"plans": {}, "tenants": {"acme": {"plan": "gold", "keys": []}}}');
  const bad = await weir(['serve'], { ...env, WEIR_TENANTS });
  expect([bad.exit, bad.err]).toEqual([1, expect.stringContaining('tenants.acme.plan: expected')]);
  expect(bad.err).not.toMatch(/\n\s+at /);
});

test('the development key is no key to a server that others can reach', async () => {
  const { env } = await place();
  const { exit, err } = await weir(['serve'], { ...env, HOST: '0.0.0.0' });
  expect([exit, err]).toEqual([1, expect.stringMatching(/^weir: HOST: expected 127\.0\.0\.1, /)]);
});

test('a port that is taken is one sentence', async () => {
  const { env } = await place();
  const { admin } = await serve(env);
  const second = { ...env, WEIR_DATA_DIR: `${env.WEIR_DATA_DIR}2`, PORT: new URL(admin).port };
  const { exit, err } = await weir(['serve'], second);
  expect(exit).toBe(3);
  expect(err).toMatch(/weir: listen EADDRINUSE.*: something else listens there already; .*\n$/);
  expect(err).not.toMatch(/\n\s+at /);
  const own = { ...second, PORT: '0', WEIR_ADMIN_PORT: new URL(admin).port };
  expect((await weir(['serve'], own)).exit).toBe(3); // and it does not go on without its admin port
});

test('without a file of tenants the key in the data folder opens it, and it stops cleanly', async () => {
  const { env } = await place();
  const { url, admin, stop, lines } = await serve({ ...env, WEIR_MAX_QUEU: '7' });
  expect(lines.join('\n')).toContain('WEIR_MAX_QUEU is set, but there is no such setting');
  const file = join(env.WEIR_DATA_DIR ?? '', 'dev-key');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const key = (await readFile(file, 'utf8')).trim();
  expect((await send(url, key)).status).toBe(202);
  expect((await send(url, key.replace(/.$/, '_'))).status).toBe(401);
  expect(await (await fetch(`${admin}/readyz`)).json()).toEqual({ ready: true, reasons: [] });
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  expect(metrics).toContain('weir_requests_total{code="accepted"} 1\n');
  expect(metrics).toContain('weir_events_accepted_total 1\n');
  expect(metrics).toContain('weir_ledger_difference 0\n');
  expect(await stop('SIGTERM')).toBe(0);
  expect(lines.filter((line) => line.startsWith('{')).join()).not.toContain(key.slice(18));
});

test('a key works as soon as it is made, and stops within a second of being revoked', async () => {
  const { folder, env } = await place();
  const WEIR_TENANTS = join(folder, 'tenants.yaml');
  await writeFile(
    WEIR_TENANTS,
    `plans:
  p: [{ name: req, unit: requests, tokens: 1000, period: 1s, burst: 1000, scope: tenant }]
tenants:
  acme: { plan: p, keys: [] }
`,
  );
  const withFile = { ...env, WEIR_TENANTS };
  const { url, admin, stop } = await serve(withFile);
  const made = await weir(['keys', 'create', 'acme'], withFile);
  const key = made.out.trim();
  const status = async () => (await send(url, key)).status;
  await expect.poll(status, { timeout: 10_000 }).toBe(202);

  await weir(['keys', 'revoke', key.slice(5, 17)], withFile);
  await expect.poll(status, { timeout: 1_000, interval: 20 }).toBe(401);

  await writeFile(WEIR_TENANTS, 'plans: [');
  const readyz = async () => (await fetch(`${admin}/readyz`)).json();
  await expect.poll(readyz, { timeout: 10_000 }).toEqual({
    ready: true,
    reasons: [expect.stringMatching(/tenants\.yaml: .*line 1.*stays in force$/)],
  });
  expect(await stop('SIGINT')).toBe(0);
});
