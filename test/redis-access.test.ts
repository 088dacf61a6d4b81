import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemWorld } from '@weir/core/world/system';
import { connectRedis } from '@weir/server/redis/connect';
import { onRedis } from '@weir/server/redis/on-redis.model';
import { freePort, startRedisServer } from '@weir/server/redis/redis-server.model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { readMetric } from './support/metrics.ts';
import { post } from './support/sender.ts';
import { startWeir, type WeirProcess } from './support/weir-process.ts';

// A Redis is reached by TLS and with a user of few rights, and where it is not, `/readyz` says what to do.

let folder = '';
const run = promisify(execFile);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-test-'));
  await Promise.all([makeCertificate('ours'), makeCertificate('theirs')]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A key, and a certificate of loopback that is its own authority. */
async function makeCertificate(name: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', pathOf(`${name}.key`), '-out', pathOf(`${name}.crt`), '-days', '2'];
  await run('openssl', ['req', '-x509', ...key, ...names, ...files]);
}

function pathOf(file: string): string {
  return join(folder, file);
}

/** A real Redis that speaks TLS on a second port, and knows a user of the rights that docs/redis.md names. */
async function startGuardedRedis() {
  const tlsPort = await freePort();
  const certificate = ['--tls-cert-file', pathOf('ours.crt'), '--tls-key-file', pathOf('ours.key')];
  const args = ['--tls-port', `${tlsPort}`, ...certificate, '--tls-auth-clients', 'no'];
  const server = await startRedisServer({ args });
  const rights = '~rl1:* ~weir1:* +@read +@write +@scripting +@connection +time +info'.split(' ');
  await server.command('ACL', 'SETUSER', 'weir', 'on', '>hush', ...rights);
  await server.command('ACL', 'SETUSER', 'default', 'off');
  return Object.assign(server, { tlsPort });
}

onRedis('Redis by TLS and with a user of few rights', () => {
  test('quotas and keys are shared; where it is not trusted, the server runs and /readyz says why', async () => {
    await using redis = await startGuardedRedis();
    const startOn = (name: string, authority: string) =>
      startWeir({
        dataDir: pathOf(name),
        env: {
          REDIS_URL: `rediss://weir:hush@127.0.0.1:${redis.tlsPort}`,
          NODE_EXTRA_CA_CERTS: pathOf(`${authority}.crt`),
        },
      });
    const [weir, astray] = await Promise.all([startOn('one', 'ours'), startOn('other', 'theirs')]);
    await using _servers = { [Symbol.asyncDispose]: () => endAll([weir, astray]) };

    const send = (id: string) =>
      post(weir, JSON.stringify({ type: 'a', id }), { headers: { 'idempotency-key': id } });
    const first = await send('x');
    expect(first.status).toBe(202);
    expect((await send('x')).body).toBe(first.body);
    expect((await ask(`${weir.url}/v1/limits`, { key: weir.key })).status).toBe(200);
    expect(await readyzOf(weir)).toEqual({ ready: true, reasons: [] });
    const claims = 'weir_idempotency_claims_total{outcome="claimed"}';
    expect(await readMetric(weir.adminUrl, claims)).toBe(1);
    expect(weir.output()).not.toContain('NOPERM');

    const { ready, reasons } = await readyzOf(astray);
    expect(ready).toBe(true);
    expect(reasons).toEqual([expect.stringContaining('NODE_EXTRA_CA_CERTS names a file')]);
    expect((await post(astray, '{"type":"a"}')).status).toBe(202);
    expect(astray.output()).toContain('NODE_EXTRA_CA_CERTS names a file');
    expect(astray.output()).not.toContain('hush');
  });

  test.each([
    ['a wrong password', 'redis://weir:wrong@PLAIN', 'refuses the user name or the password'],
    [
      'a user that is unknown',
      'redis://nobody:hush@PLAIN',
      'refuses the user name or the password',
    ],
    ['no password', 'redis://PLAIN', 'wants a password: REDIS_URL=redis://USER:PASSWORD@'],
    ['TLS where there is none', 'rediss://weir:hush@PLAIN', 'REDIS_URL begins with redis://'],
    ['no TLS where there is', 'redis://weir:hush@TLS', 'REDIS_URL begins with rediss://'],
    ['a port that nobody has', 'redis://127.0.0.1:1', 'ECONNREFUSED'],
  ])('%s: it is said what was expected', async (_, url, problem) => {
    await using redis = await startGuardedRedis();
    const place = url
      .replace('PLAIN', `127.0.0.1:${redis.port}`)
      .replace('TLS', `127.0.0.1:${redis.tlsPort}`);
    const connection = connectRedis({ urls: [place], isCluster: false, world: systemWorld });
    await expect.poll(() => connection.problem, { timeout: 10_000 }).toContain(problem);
    expect(connection.problem).not.toMatch(/hush|wrong/);
    connection.close();
  });
});

async function readyzOf({ adminUrl }: WeirProcess): Promise<{ ready: boolean; reasons: string[] }> {
  return JSON.parse((await ask(`${adminUrl}/readyz`)).body);
}

async function endAll(servers: readonly WeirProcess[]): Promise<void> {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
}
