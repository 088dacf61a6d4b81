import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { otherNode } from './support/packed-client.ts';
import { temporaryFolder } from './support/weir-process.ts';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../packages/simulator/src/cli/weir-sim.ts', import.meta.url));

/** Ours in both tiers, one that takes cube roots, and one with threads that share. */
const runs = [
  ['H1', '--strategy', 'weir'],
  ['H4', '--strategy', 'weir-unnamed'],
  ['H1', '--strategy', 'aws-adaptive'],
  ['H1-gem', '--strategy', 'heroku-remaining'],
];

async function eventsOn(node: string, args: readonly string[], folder: string): Promise<string> {
  const path = join(folder, 'events.ndjson');
  const given = [cli, 'run', ...args, '--seed', '7', '--events', path, '--json'];
  await run(node, given, { maxBuffer: 16_777_216 });
  const bytes = await readFile(path);
  return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Of this Node; the same for whoever asks. */
const own = new Map<string, Promise<string>>();

for (const major of [22, 24]) {
  test(`the same seed gives the same event log under Node ${major}`, async ({ skip }) => {
    const other = await otherNode(major);
    if (other === undefined) return skip(`WEIR_TEST_REAL=1 fetches Node ${major}`);
    await using folder = await temporaryFolder();
    for (const args of runs) {
      const name = args.join(' ');
      if (!own.has(name)) own.set(name, eventsOn(process.execPath, args, folder.path));
      const ours = await own.get(name);

      expect(await eventsOn(other, args, folder.path), name).toBe(ours);
      expect(ours).not.toMatch(/^0 bytes/);
    }
  });
}
