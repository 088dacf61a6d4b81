import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFakeWeir } from '@weir/client/testing';
import { expect, test } from 'vitest';

// A program that is done with sending ends: at once, and without being asked.

const program = fileURLToPath(new URL('./support/exiting-sender.ts', import.meta.url));
const mostMs = 100;

async function run(
  url: string,
  key: string,
  ...args: string[]
): Promise<Record<string, unknown>[]> {
  const env = { PATH: process.env.PATH, WEIR_URL: url, WEIR_API_KEY: key };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a script ends by itself when its last event has its answer, and no sooner', async () => {
  await using server = await startFakeWeir();
  server.weir.fail({ delayMs: 300 });
  const results: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const [{ acked, afterMs } = {}] = await run(server.url, server.key);
    expect(acked).toBe(100);
    results.push(afterMs as number);
  }
  expect(Math.min(...results)).toBeLessThan(mostMs); // the best of three: others use this machine too
});

test('after close no socket, timer or listener is left', async () => {
  await using server = await startFakeWeir();
  const [{ left, more } = {}] = await run(server.url, server.key, 'close');
  expect({ left, more }).toEqual({ left: [], more: 0 });
});
