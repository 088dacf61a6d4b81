import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { storedIds } from './support/stored-events.ts';
import {
  eventually,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './support/weir-process.ts';

// What a client with a spool took durably is stored exactly once, however often it is killed. In CI a
// short run; the whole one is `WEIR_TEST_CLIENT_KILLS=200 npm test -- client-kill`.

const kills = Number(process.env.WEIR_TEST_CLIENT_KILLS ?? 10);
const program = fileURLToPath(new URL('./support/spooling-sender.ts', import.meta.url));

/** One life of a sender; returns what it said was safe. */
async function live(
  weir: WeirProcess,
  args: readonly string[],
  forMs: number | undefined,
): Promise<{ ids: string[]; code: number | null; errors: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, WEIR_URL: weir.url, WEIR_API_KEY: weir.key },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdout.on('data', (chunk) => {
    if (out === '' && forMs !== undefined) setTimeout(() => child.kill('SIGKILL'), forMs);
    out += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = out.split('\n');
  lines.pop(); // empty, or cut off
  return { ids: lines, code, errors };
}

test(
  `a sender killed ${kills} times loses nothing that was safe, and nothing arrives twice`,
  async () => {
    await using folder = await temporaryFolder();
    const env = { WEIR_SEGMENT_AGE_MS: '100' };
    await using weir = await startWeir({ dataDir: folder.path, env });
    const dir = join(folder.path, 'client-spool');
    const safe = new Set<string>();
    for (let run = 1; run <= kills; run += 1) {
      const { ids } = await live(weir, [`${run}`, dir], randomInt(300));
      for (const id of ids) safe.add(id);
    }
    const last = await live(weir, ['last', dir, 'last'], undefined);
    expect({ code: last.code, errors: last.errors }).toEqual({ code: 0, errors: '' });
    for (const id of last.ids) safe.add(id);
    expect(safe.size).toBeGreaterThan(kills);

    const stored = await eventually('everything is in objects', async () => {
      const found = await storedIds(join(folder.path, 'store'));
      return [...safe].every((id) => found.has(id)) ? found : undefined;
    });
    expect([...stored].filter(([, count]) => count > 1)).toEqual([]);
  },
  120_000 + kills * 10_000,
);
