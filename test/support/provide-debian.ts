import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findProgram } from './child-server.ts';
import { findChromium } from './chromium.ts';
import { mayBuild } from './go-program.ts';
import { findPrometheus } from './real-prometheus.ts';

/**
 * Sees to it that the tests find Prometheus and, where what takes longer may be had, Chromium and nginx:
 * on Debian, as root, it installs the packages, and says so. Elsewhere tests that need one are skipped,
 * each with its promise.
 *
 * @public for vitest's `globalSetup`
 */
export function setup(): void {
  const missing: string[] = [];
  if (findPrometheus() === undefined) missing.push('prometheus');
  if (findChromium() === undefined && mayBuild()) missing.push('chromium');
  if (findProgram('nginx') === undefined && mayBuild()) missing.push('nginx-light');
  if (missing.length === 0) return;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return;
  say(`There is no ${missing.join(', no ')} here: installing with apt-get, for the tests.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    const wait = ['-o', 'DPkg::Lock::Timeout=120']; // others may be installing something
    const run = (...args: string[]) =>
      execFileSync('apt-get', [...wait, ...args], { env, stdio: 'pipe' });
    run('update', '-qq');
    run('install', '-y', '-qq', '--no-install-recommends', ...missing);
  } catch (error) {
    say(`apt-get could not install it: ${(error as Error).message}`);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
