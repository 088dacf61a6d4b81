import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const client = join(root, 'packages/client');

/** Builds and packs the client as it would be published; returns the path of the tarball. */
export async function packClient(folder: string): Promise<string> {
  await run(process.execPath, ['build.ts'], { cwd: client });
  await pnpm(['pack', '--pack-destination', folder], client);
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  return join(folder, name as string);
}

/** An empty project with the tarball installed, and the program that uses it. */
export async function installClient(folder: string, tarball: string): Promise<string> {
  const project = join(folder, 'project');
  await mkdir(project);
  const dependencies = { '@weir/client': `file:${tarball}`, undici: '^8.12.4' };
  const manifest = { name: 'empty', private: true, type: 'module', dependencies };
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
  await pnpm(['install', '--prefer-offline', '--ignore-workspace'], project);
  for (const name of ['use.mjs', 'edge.mjs']) {
    const program = new URL(`./client-project/${name}`, import.meta.url);
    await cp(fileURLToPath(program), join(project, name));
  }
  return project;
}

/** Another Node, from npm, kept in a cache; undefined where it is not there and may not be fetched. */
export function otherNode(major: number): Promise<string | undefined> {
  const name = `node-${process.platform}-${process.arch}`;
  return cachedProgram(`node-${major}`, `${name}@${major}`, [name, 'bin', 'node']);
}

/** Bun, in the same way. */
export function bun(): Promise<string | undefined> {
  const name = `bun-${process.platform}-${process.arch}`;
  return cachedProgram('bun', `@oven/${name}@1`, ['@oven', name, 'bin', 'bun']);
}

async function cachedProgram(
  cache: string,
  wanted: string,
  path: readonly string[],
): Promise<string | undefined> {
  const folder = join(root, '.cache', cache);
  const program = join(folder, 'node_modules', ...path);
  if (existsSync(program)) return program;
  if (process.env.WEIR_TEST_REAL !== '1') return undefined;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await pnpm(['add', '--ignore-workspace', wanted], folder);
  return existsSync(program) ? program : undefined;
}

async function pnpm(args: readonly string[], cwd: string): Promise<void> {
  await run('npx', ['-y', 'pnpm@12', ...args], { cwd, maxBuffer: 16_777_216 });
}
