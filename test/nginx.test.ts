import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'vitest';
import { findProgram } from './support/child-server.ts';
import { temporaryFolder } from './support/weir-process.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

const nginx = findProgram('nginx');
const nginxIsOptional = nginx === undefined && process.env.CI !== 'true';
test.skipIf(nginxIsOptional)('nginx takes its configuration', async () => {
  await using folder = await temporaryFolder();
  const here = (await readFile(`${root}deploy/nginx.conf`, 'utf8'))
    .replaceAll(/weir-[12]:/g, '127.0.0.1:')
    .replace('/tmp/nginx.pid', join(folder.path, 'nginx.pid'));
  const file = join(folder.path, 'nginx.conf');
  await writeFile(file, here);
  const args = ['-t', '-q', '-p', folder.path, '-e', join(folder.path, 'error.log'), '-c', file];
  await promisify(execFile)(nginx ?? 'nginx', args);
});
