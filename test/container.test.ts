import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, cp, link, mkdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from './support/child-server.ts';
import { post } from './support/sender.ts';
import { eventually, temporaryFolder } from './support/weir-process.ts';

// There is no container engine here: the Dockerfile's steps are done in a folder, with what they copy
// and nothing else, and what comes of it is started as the image would be, by a user without rights.

const root = fileURLToPath(new URL('../', import.meta.url));
const run = promisify(execFile);
/** The image's user, where this runs as root; otherwise whoever this is. */
const user = process.getuid?.() === 0 ? 1_000 : process.getuid?.();
const group = process.getuid?.() === 0 ? 1_000 : process.getgid?.();

interface Step {
  readonly verb: string;
  readonly rest: string;
}

async function steps(): Promise<Step[]> {
  const text = await readFile(join(root, 'Dockerfile'), 'utf8');
  const joined = text.replace(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  return joined.split('\n').flatMap((line) => {
    const [, verb = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    return verb === '' ? [] : [{ verb, rest }];
  });
}

/** What .dockerignore leaves out of what is not left out as a whole. */
async function ignored(): Promise<(path: string) => boolean> {
  const lines = (await readFile(join(root, '.dockerignore'), 'utf8')).trim().split('\n');
  const kept = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const names = lines.filter((line) => line.startsWith('**/')).map((line) => line.slice(3));
  expect(lines[0]).toBe('*');
  expect(lines).toHaveLength(1 + kept.length + names.length);
  return (path) => {
    const isKept = kept.some((some) => path === some || path.startsWith(`${some}/`));
    const name = path.slice(path.lastIndexOf('/') + 1);
    return !isKept || names.some((some) => name === some || name.endsWith(some.replace('*', '')));
  };
}

interface Image {
  readonly app: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly health: readonly string[];
}

/** Does what the Dockerfile says, each stage in a folder of its own. */
async function build(folder: string): Promise<Image> {
  const isIgnored = await ignored();
  const data = join(folder, 'data');
  const env: Record<string, string> = {};
  const lists: Record<string, readonly string[]> = {};
  const owner = `${user}:${group}`;
  let app = '';
  const list = (verb: string, rest: string): void => {
    lists[verb] = JSON.parse(rest.slice(rest.indexOf('['))) as string[];
  };
  const does: Readonly<Record<string, (rest: string) => unknown>> = {
    FROM: (rest) => {
      app = join(folder, rest.split(' AS ')[1] ?? 'final', 'app');
    },
    WORKDIR: () => mkdir(app, { recursive: true }),
    COPY: (rest) => copy(rest, { app, folder, isIgnored }),
    RUN: (rest) => {
      const command = rest.replaceAll('/data', data).replaceAll('node:node', owner);
      return run('sh', ['-c', command], { cwd: app });
    },
    ENV: (rest) =>
      Object.assign(env, Object.fromEntries(rest.split(' ').map((one) => one.split('=')))),
    ENTRYPOINT: (rest) => list('entrypoint', rest),
    CMD: (rest) => list('command', rest),
    HEALTHCHECK: (rest) => list('health', rest),
  };
  for (const { verb, rest } of await steps()) await does[verb]?.(rest);
  const { entrypoint = [], command = [], health = [] } = lists;
  return { app, env: { ...env, WEIR_DATA_DIR: data }, entrypoint, command, health };
}

interface CopyTo {
  readonly app: string;
  readonly folder: string;
  readonly isIgnored: (path: string) => boolean;
}

async function copy(rest: string, { app, folder, isIgnored }: CopyTo): Promise<void> {
  const parts = rest.split(' ');
  const stage = /^--from=(\w+)$/.exec(parts[0] ?? '')?.[1];
  if (stage !== undefined) {
    await run('cp', ['-a', `${join(folder, stage, 'app')}/.`, app]);
    return;
  }
  const into = join(app, parts.at(-1) as string);
  for (const source of parts.slice(0, -1)) {
    expect(isIgnored(source), source).toBe(false);
    const isFolder = !/\.\w+$/.test(source);
    const to = isFolder ? into : join(into, source.slice(source.lastIndexOf('/') + 1));
    await mkdir(dirname(to), { recursive: true });
    const filter = (path: string): boolean => !isIgnored(relative(root, path));
    await cp(join(root, source), to, { recursive: true, filter });
  }
}

test('the Dockerfile makes a server that starts without rights, is found healthy, takes an event and stops', async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o755); // a container's root can be read by its user
  const image = await build(folder.path);
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = join(folder.path, 'config');
  const key = await setUp(image, config);
  const env = {
    PATH: process.env.PATH,
    ...image.env,
    PORT: `${port}`,
    WEIR_ADMIN_PORT: `${adminPort}`,
    WEIR_TENANTS: join(config, 'tenants.yaml'),
  };
  const [, ...args] = [...image.entrypoint, ...image.command];
  expect(image.entrypoint[0]).toBe('node');
  // Where that user can reach it: this one may lie in a folder of root's.
  const node = join(folder.path, 'node');
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node));
  const child = spawn(node, args, {
    cwd: image.app,
    env,
    ...(user !== undefined && group !== undefined && { uid: user, gid: group }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (some) => (output += some));
  const ended = once(child, 'exit');
  try {
    const [program = '', ...check] = image.health.map((part) =>
      part.replace(`:${image.env.WEIR_ADMIN_PORT}/`, `:${adminPort}/`),
    );
    expect(program).toBe('node');
    await eventually(`its health check says yes: ${output}`, async () => {
      expect(child.exitCode, output).toBeNull();
      return await run(process.execPath, check).then(
        () => true,
        () => undefined,
      );
    });
    const url = `http://127.0.0.1:${port}`;
    expect((await post({ url, key }, '{"type":"a"}')).status).toBe(202);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended, output).toEqual([0, null]);
}, 120_000);

/** As compose.yaml's service of that name: a tenant with a key, which it prints. */
async function setUp({ app }: Image, config: string): Promise<string> {
  const { services } = parse(await readFile(join(root, 'compose.yaml'), 'utf8'), {
    merge: true,
  }) as { services: Record<string, { command: readonly string[] }> };
  const [command = ''] = services.setup?.command ?? [];
  await mkdir(config);
  const here = command
    .replaceAll('/config', config)
    .replaceAll('/objects', join(config, 'objects'))
    .replace('node ', `${process.execPath} `);
  const { stdout } = await run('/bin/sh', ['-c', here], { cwd: app });
  const again = await run('/bin/sh', ['-c', here], { cwd: app }); // a second `up` makes no second key
  expect(again.stdout).toBe('');
  return /weir_\w+/.exec(stdout)?.[0] ?? '';
}
