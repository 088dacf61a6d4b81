import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { expectLedger } from './support/ledger.ts';
import { storedIds } from './support/stored-events.ts';
import { startWeir, temporaryFolder, type WeirProcess } from './support/weir-process.ts';

// What a client with a spool took durably is stored exactly once, however often it is killed. In CI a
// short run; the whole one is `WEIR_TEST_CLIENT_KILLS=200 npm test -- client-kill`.

const kills = Number(process.env.WEIR_TEST_CLIENT_KILLS ?? 40);
/** Senders at the same time, each with a spool of its own. */
const lanes = 2;
const program = fileURLToPath(new URL('./support/spooling-sender.ts', import.meta.url));

/** When a life ends: so long after its first event was safe, or after it began, while it recovers. */
interface Death {
  readonly since: 'safe' | 'start';
  readonly afterMs: number;
}

interface Place {
  readonly weir: WeirProcess;
  /** What was compiled is kept here, so that a life costs 80 ms of processor time, and not 330. */
  readonly cache: string;
}

/** One life of a sender; returns what it said was safe. */
async function live(
  { weir, cache }: Place,
  args: readonly string[],
  death: Death | undefined,
): Promise<{ ids: string[]; code: number | null; errors: string }> {
  const given = { WEIR_URL: weir.url, WEIR_API_KEY: weir.key, NODE_COMPILE_CACHE: cache };
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, ...given },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const die = (): boolean => child.kill('SIGKILL');
  if (death?.since === 'start') setTimeout(die, death.afterMs);
  let out = '';
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdout.on('data', (chunk) => {
    if (out === '' && death?.since === 'safe') setTimeout(die, death.afterMs);
    out += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = out.split('\n');
  lines.pop(); // empty, or cut off
  return { ids: lines, code, errors };
}

/** Every fourth life may end before anything is safe. */
function deathOf(run: number): Death {
  const isEarly = run % 4 === 0;
  return { since: isEarly ? 'start' : 'safe', afterMs: randomInt(isEarly ? 200 : 300) };
}

/** Life after life on one spool; the last one empties it. Returns what was safe. */
async function liveOn(place: Place, dir: string, lives: number): Promise<string[]> {
  const lane = basename(dir);
  const safe: string[] = [];
  for (let run = 1; run <= lives; run += 1) {
    const { ids } = await live(place, [`${lane}-${run}`, dir], deathOf(run));
    safe.push(...ids);
  }
  const last = await live(place, [`${lane}-last`, dir, 'last'], undefined);
  expect({ code: last.code, errors: last.errors }).toEqual({ code: 0, errors: '' });
  return [...safe, ...last.ids];
}

test(
  `a sender killed ${kills} times loses nothing that was safe, and nothing arrives twice`,
  async () => {
    await using folder = await temporaryFolder();
    const env = { WEIR_SEGMENT_AGE_MS: '100' };
    await using weir = await startWeir({ dataDir: folder.path, env });
    const place: Place = { weir, cache: join(folder.path, 'compiled') };
    const spools = Array.from({ length: lanes }, (_, lane) => join(folder.path, `spool${lane}`));
    const first = await liveOn(place, join(folder.path, 'first'), 0); // fills the cache: it ends by itself
    const rest = await Promise.all(
      spools.map((dir) => liveOn(place, dir, Math.ceil(kills / lanes))),
    );
    const safe = [...first, ...rest.flat()];
    expect(new Set(safe).size).toBeGreaterThan(kills);

    await expectLedger(weir.adminUrl, { recovered: 0, dead: 0 });
    const stored = await storedIds(join(folder.path, 'store'));
    expect(safe.filter((id) => !stored.has(id))).toEqual([]);
    expect([...stored].filter(([, count]) => count > 1)).toEqual([]);
    await expectLedger(weir.adminUrl, { stored: stored.size });
    console.log(`${kills} kills, ${safe.length} events safe, ${stored.size} stored, each once`);
  },
  120_000 + kills * 10_000,
);
