import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type FakeServer, startFakeWeir } from '@weir/client/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

// Every program on the pages of the client runs as it stands there, and gets its events through.

const client = fileURLToPath(new URL('../packages/client/', import.meta.url));
const programs = readdirSync(`${client}docs`).flatMap((page) => {
  const blocks = readFileSync(`${client}docs/${page}`, 'utf8').matchAll(/^```ts\n(.*?)^```/gms);
  return [...blocks].map(([, code = ''], index) => ({ page, number: index + 1, code }));
});

/** A proxy as HTTP has them: whoever uses it asks for whole URLs. */
const proxied: string[] = [];
let proxy: Server;
beforeAll(async () => {
  proxy = createServer((asked, reply) => {
    const { method, headers, url = '' } = asked;
    proxied.push(url);
    const onward = request(url, { method, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    onward.on('error', () => reply.destroy());
    asked.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
afterAll(() => {
  proxy.closeAllConnections();
  proxy.close();
});

let server: FakeServer;
beforeEach(async () => {
  proxied.length = 0;
  server = await startFakeWeir();
});
afterEach(() => server.close());

/** Runs a program where `@weir/client` and `undici` are found, as its own process. */
async function run(code: string): Promise<void> {
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript'], {
    cwd: client,
    env: {
      PATH: process.env.PATH,
      WEIR_URL: server.url,
      WEIR_API_KEY: server.key,
      HTTP_PROXY: proxyUrl,
      http_proxy: proxyUrl,
    },
  });
  child.stdin.end(code);
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [[exitCode], , errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  expect({ exitCode, errors: exitCode === 0 ? '' : errors }).toEqual({ exitCode: 0, errors: '' });
}

test('every changeset names the client, and how big a step it is', () => {
  const folder = fileURLToPath(new URL('../.changeset/', import.meta.url));
  const files = readdirSync(folder).filter((name) => /(?<!README)\.md$/.test(name));
  for (const name of files) {
    const changeset = readFileSync(`${folder}${name}`, 'utf8');
    expect(changeset, name).toMatch(/^---\n'@weir\/client': (patch|minor|major)\n---\n\n\S/);
  }
});

test('the pages have programs on them', () => {
  expect(programs.length).toBeGreaterThan(10);
});

test.each(programs)(
  'program $number of $page runs and gets its events through',
  async (program) => {
    await run(program.code);
    expect(server.weir.events.length).toBeGreaterThan(0);
    const isProxied = /ProxyAgent/.test(program.code);
    expect(proxied.length > 0).toBe(isProxied);
  },
);
