#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on. Installed from a registry it runs what was built; in the
// repository it finds the project's own Node and runs the sources.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, '..', 'src', 'cli', 'weir-send.ts');
const built = new URL('../dist/client/cli/weir-send.js', import.meta.url);
const runsSources = 26; // the first that runs TypeScript without a flag

if (!existsSync(source)) {
  if (Number.parseInt(process.versions.node, 10) >= 22) await import(built.href);
  else fail('weir-send needs Node 22.19 or later');
} else if (Number.parseInt(process.versions.node, 10) >= runsSources) {
  await import(source);
} else {
  runWith(findNode());
}

function fail(what) {
  console.error(`weir-send: ${what}`);
  process.exitCode = 2;
}

function findNode() {
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(found)) return found;
  }
  return undefined;
}

function runWith(node) {
  if (node === undefined) return fail('packages are missing: run `npx -y pnpm@12 install`');
  const child = spawn(node, [source, ...process.argv.slice(2)], { stdio: 'inherit' });
  // What is typed at a terminal reaches the child without us; twice would end it at once.
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !isTerminal) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
}
