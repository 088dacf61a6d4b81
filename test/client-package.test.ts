import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { startFakeWeir } from '@weir/client/testing';
import { publint } from 'publint';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bun, installClient, otherNode, packClient } from './support/packed-client.ts';
import { temporaryFolder } from './support/weir-process.ts';

// The client as its users get it: packed, installed into an empty project, and used.

const run = promisify(execFile);
const client = fileURLToPath(new URL('../packages/client/', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tarball: string;
let project: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  tarball = await packClient(folder.path);
  project = await installClient(folder.path, tarball);
}, 120_000);
afterAll(async () => {
  await folder?.[Symbol.asyncDispose]();
});

async function use(node: string): Promise<{ importMs: number; exitMs: number }> {
  const { stdout } = await run(node, ['use.mjs'], { cwd: project });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string);
}

test('the packed client works in an empty project, and lets the process end at once', async () => {
  const { importMs, exitMs } = await use(process.execPath);
  expect(exitMs).toBeLessThan(1_000); // 100 on an idle machine
  expect(importMs).toBeLessThan(150); // 15 on an idle machine: the bench says so exactly
});

for (const major of [22, 24]) {
  test(`the same under Node ${major}, whose own fetch stays as it was`, async ({ skip }) => {
    const node = await otherNode(major);
    if (node === undefined) return skip(`WEIR_TEST_REAL=1 fetches Node ${major}`);
    expect((await use(node)).exitMs).toBeLessThan(1_000);
  });
}

test('by fetch alone it works in Bun', async ({ skip }) => {
  const program = await bun();
  if (program === undefined) return skip('WEIR_TEST_REAL=1 fetches Bun');
  await using server = await startFakeWeir();
  const env = { PATH: process.env.PATH, WEIR_URL: server.url, WEIR_API_KEY: server.key };
  const { stdout } = await run(program, ['edge.mjs'], { cwd: project, env });
  expect(JSON.parse(stdout)).toMatchObject({ acked: 2 });
  expect(server.weir.events).toMatchObject([{ source: '/bun' }, { type: 'edge.sent' }]);
});

test('its manifest and files are as npm and bundlers expect them', async () => {
  const bytes = await readFile(tarball);
  const pack = { tarball: new Uint8Array(bytes).buffer };
  const { messages } = await publint({ pack, strict: true });
  expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([]);
});

test('what its pages point to is in the package', async () => {
  const installed = join(project, 'node_modules/@weir/client');
  const files = await readdir(installed, { recursive: true });
  const pages = files.filter((file) => file.endsWith('.md') && !file.includes('node_modules'));
  expect(pages).toContain('README.md');
  expect(pages.length).toBeGreaterThan(4);
  for (const page of pages) {
    const text = await readFile(join(installed, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const path = relative(installed, join(installed, dirname(page), target));
      expect(files, `${page} points to ${target}`).toContain(path);
    }
  }
});

test('its types are found by whoever imports it as a module', async () => {
  const program = fileURLToPath(import.meta.resolve('@arethetypeswrong/cli/package.json'));
  const bin = join(program, '..', 'dist', 'index.js');
  const args = [bin, tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'];
  const { stdout } = await run(process.execPath, args); // rejects where it finds a problem
  expect(stdout).toContain('"@weir/client/testing"');
});

test('it depends on undici alone', async () => {
  const text = await readFile(join(project, 'node_modules/@weir/client/package.json'), 'utf8');
  expect(Object.keys(JSON.parse(text).dependencies)).toEqual(['undici']);
});

const mostBytes = 20_480; // may only fall

test(`without undici it weighs at most ${mostBytes} bytes`, async () => {
  const { output } = (await build({
    root: client,
    logLevel: 'silent',
    configFile: false,
    build: {
      ssr: true, // without the help that Vite gives to pages
      write: false,
      minify: true,
      target: 'es2023',
      rollupOptions: {
        input: join(client, 'dist/client/index.js'),
        preserveEntrySignatures: 'strict',
        external: [/^node:/, 'undici', '@opentelemetry/api'],
      },
    },
  })) as { output: { isEntry?: boolean; fileName: string; imports?: string[]; code?: string }[] };
  // What is loaded at once; spool, spans and transport come when they are needed.
  const first = output.find(({ isEntry }) => isEntry === true);
  const loaded = output.filter(
    (chunk) => chunk === first || first?.imports?.includes(chunk.fileName) === true,
  );
  const bytes = gzipSync(loaded.map(({ code }) => code).join(''), { level: 9 }).length;
  console.log(`client: ${bytes} bytes min+gzip at once, ${output.length} chunks in all`);
  expect(bytes).toBeLessThanOrEqual(mostBytes);
  expect(bytes).toBeGreaterThan(5_000);
}, 60_000);
