import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Contender } from './contender.ts';

const source = fileURLToPath(new URL('./go-peer', import.meta.url));
const binary = fileURLToPath(new URL('../.cache/bench/go-peer', import.meta.url));

/** The same promise in Go, built from `go-peer/`; none where there is no Go to build it with. */
export function goPeer(body: string, eventsPerRequest: number, name: string): readonly Contender[] {
  try {
    execFileSync('go', ['build', '-o', binary, '.'], { cwd: source, stdio: 'pipe' });
  } catch (error) {
    console.error(`no peer in Go: ${(error as Error).message}`);
    return [];
  }
  // On one core the default of 1 would stop all of it while it writes.
  const env = { GOMAXPROCS: '2' };
  return [{ name, program: [], runtime: binary, env, body, eventsPerRequest }];
}
