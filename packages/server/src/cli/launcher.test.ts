import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test } from 'vitest';

const server = fileURLToPath(new URL('../..', import.meta.url));
const preload = (code: string) => `--import=data:text/javascript,${encodeURIComponent(code)}`;

/** The three ways in which a launcher gets to its program. */
const ways = {
  'Node 26, which becomes the program': [],
  'Node 26 that cannot become another program': [preload('process.execve = undefined')],
  'an older Node': [
    preload(`process.execve = undefined;
      const versions = { ...process.versions, node: '20.20.2' };
      Object.defineProperty(process, 'versions', { value: versions })`),
  ],
} as const;
const everyWay = Object.entries(ways).map(([name, flags]) => ({ name, flags }));
const asChild = everyWay.filter(({ flags }) => flags.length > 0);

/** Tells what it was started with, then waits for a signal. */
const probe = `
process.on('SIGINT', () => process.exit(7));
const { UV_THREADPOOL_SIZE: threads } = process.env;
console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2), threads }));
const [wait, code] = process.argv.slice(2);
if (wait === 'wait') setTimeout(() => console.log('it ran on alone'), 15_000);
else process.exitCode = Number(code);
`;

let launcher = '';
beforeAll(async () => {
  launcher = await treeWith({ nodeAt: 'node_modules/.bin', packages: true });
});

/** A checkout with the real launcher, and the probe where weir would be. */
async function treeWith({ nodeAt, packages }: { nodeAt?: string; packages: boolean }) {
  const root = await mkdtemp(join(tmpdir(), 'weir-launcher-'));
  const copy = join(root, 'packages', 'server');
  await cp(join(server, 'bin'), join(copy, 'bin'), { recursive: true });
  await mkdir(join(copy, 'src', 'cli'), { recursive: true });
  await writeFile(join(copy, 'src', 'cli', 'weir.ts'), probe);
  await writeFile(join(copy, 'package.json'), '{"type":"module"}');
  if (packages) await mkdir(join(copy, 'node_modules', 'commander'), { recursive: true });
  if (nodeAt !== undefined) {
    await mkdir(join(root, nodeAt), { recursive: true });
    await symlink(process.execPath, join(root, nodeAt, 'node'));
  }
  return join(copy, 'bin', 'weir.mjs');
}

function start(flags: readonly string[], args: readonly string[], path = launcher): ChildProcess {
  const child = spawn(process.execPath, [...flags, path, ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function end(child: ChildProcess) {
  const [out, err, [code, signal]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'close'),
  ]);
  return { out, err, code, signal };
}

test.each(everyWay)('$name: arguments go in, the exit code comes out', async ({ flags }) => {
  const { out, err, code } = await end(start(flags, ['done', '5', '--x y']));
  expect([code, err]).toEqual([5, '']);
  expect(JSON.parse(out)).toMatchObject({ args: ['done', '5', '--x y'], threads: '8' });
});

test.each(everyWay)('$name: a signal that is handled ends it as the program likes', async (way) => {
  const child = start(way.flags, ['wait']);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.kill('SIGINT');
  expect(await end(child)).toMatchObject({ code: 7, signal: null });
});

test.each(everyWay)('$name: a signal that is not handled ends both by that signal', async (way) => {
  const child = start(way.flags, ['wait']);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.kill('SIGTERM');
  expect(await end(child)).toMatchObject({ code: null, signal: 'SIGTERM' });
});

test.each(everyWay)('$name: after kill -9 nothing runs on', async ({ flags }) => {
  const child = start(flags, ['wait']);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.kill('SIGKILL');
  const { out } = await end(child); // its pipes close when the last one that holds them has ended
  expect(out).toBe('');
});

test.each(asChild)('$name: the program stays another process', async ({ flags }) => {
  const child = start(flags, ['done', '0']);
  const { pid } = child;
  expect(JSON.parse((await end(child)).out).pid).not.toBe(pid);
});

test('an older Node finds the one of the project in its package as well', async () => {
  const flags = ways['an older Node'];
  const name = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const nodeAt = `node_modules/${name}-${process.platform}-${process.arch}/bin`;
  const path = await treeWith({ nodeAt, packages: true });
  expect(await end(start(flags, ['done', '4'], path))).toMatchObject({ code: 4, err: '' });
});

test('what is missing is said in one sentence, with the command that brings it', async () => {
  const flags = ways['an older Node'];
  const noNode = await end(start(flags, [], await treeWith({ packages: true })));
  expect(noNode).toMatchObject({ code: 3, out: '' });
  expect(noNode.err).toMatch(/^weir: Node 26 is missing: run `npx -y pnpm@12 install` in \S+\n$/);
  const noPackages = await end(start([], [], await treeWith({ packages: false })));
  expect(noPackages.err).toMatch(/^weir: packages are missing: run `npx -y pnpm@12 install` in /);
});

test('the launcher of the project runs the real weir', async () => {
  const real = join(server, 'bin', 'weir.mjs');
  const help = await end(start([], ['keys', '--help'], real));
  expect([help.code, help.err]).toEqual([0, '']);
  expect(help.out).toContain('weir keys create acme');
  const wrong = await end(start(ways['an older Node'], ['keys', 'revoke', 'x'], real));
  expect([wrong.code, wrong.out]).toEqual([2, '']);
});
