import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findRedisServer } from './redis-server.model.ts';

/**
 * Sees to it that the tests find a Redis: on Debian, as root, it installs the package where there
 * is none, and says so. Elsewhere tests that need one are skipped, each with its promise.
 *
 * @public for vitest's `globalSetup`
 */
export function setup(): void {
  if (findRedisServer() !== undefined) return;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return;
  say('There is no redis-server here: installing the package with apt-get, for the tests.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    const wait = ['-o', 'DPkg::Lock::Timeout=120']; // others may be installing something
    const run = (...args: string[]) =>
      execFileSync('apt-get', [...wait, ...args], { env, stdio: 'pipe' });
    run('update', '-qq');
    run('install', '-y', '-qq', '--no-install-recommends', 'redis-server');
  } catch (error) {
    say(`apt-get could not install it: ${(error as Error).message}`);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
