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
  const program = new URL('./client-project/use.mjs', import.meta.url);
  await cp(fileURLToPath(program), join(project, 'use.mjs'));
  return project;
}

/** Another Node, from npm, kept in a cache; undefined where it is not there and may not be fetched. */
export async function otherNode(major: number): Promise<string | undefined> {
  const folder = join(root, '.cache', `node-${major}`);
  const name = `node-${process.platform}-${process.arch}`;
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(node)) return node;
  if (process.env.WEIR_TEST_REAL !== '1') return undefined;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await pnpm(['add', '--ignore-workspace', `${name}@${major}`], folder);
  return existsSync(node) ? node : undefined;
}

async function pnpm(args: readonly string[], cwd: string): Promise<void> {
  await run('npx', ['-y', 'pnpm@12', ...args], { cwd, maxBuffer: 16_777_216 });
}
