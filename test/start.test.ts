import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { eventually, temporaryFolder } from './support/weir-process.ts';

// What a newcomer does, with the Node of the machine (20 or later) and not the project's own.

const root = fileURLToPath(new URL('..', import.meta.url));
const path = (process.env.PATH ?? '')
  .split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command as typed at the root of the project. It ends with the test, all it started included. */
class Typed implements AsyncDisposable {
  out = '';
  err = '';
  hasEnded = false;
  readonly ended: Promise<Ended>;
  readonly #group: number;

  constructor(command: string, env: Readonly<Record<string, string>>) {
    const child = spawn('sh', ['-c', command], {
      cwd: root,
      env: { ...process.env, PATH: path, ...env },
      detached: true, // a group of its own, so that what npm starts can be ended with it
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#group = child.pid as number;
    child.stdout.on('data', (chunk: Buffer) => {
      this.out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.err += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        this.hasEnded = true;
        resolve({ code, out: this.out, err: this.err });
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#group, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // all of it has ended
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}

test('npm start prints a curl line that works as printed, and the event is found in an object', async () => {
  await using folder = await temporaryFolder();
  const WEIR_DATA_DIR = join(folder.path, 'data');
  await using server = new Typed('npm start', { WEIR_DATA_DIR, PORT: '0', WEIR_ADMIN_PORT: '0' });
  const run = async (command: string): Promise<Ended> => {
    await using typed = new Typed(command, { WEIR_DATA_DIR });
    return await typed.ended;
  };
  const curl = await eventually(
    'a line that begins with curl',
    () => {
      if (server.hasEnded) throw new Error(`npm start ended:\n${server.out}${server.err}`);
      return /^curl .*(?=\n)/m.exec(server.out)?.[0]; // once it is whole
    },
    60_000,
  );

  const first = await run(curl);
  expect(first, first.err).toMatchObject({ code: 0 });
  const { receipt } = JSON.parse(first.out) as { receipt: string };
  const second = await run(`${curl} -w '%{http_code}' -o /dev/null`);
  expect(second).toMatchObject({ code: 0, out: '202' });

  const found = await eventually('npx weir cat finds the event', async () => {
    const { code, out } = await run(`npx weir cat --receipt ${receipt}`);
    return code === 0 && out !== '' ? out : undefined;
  });
  expect(JSON.parse(found)).toMatchObject({
    type: 'hello.world',
    data: { n: 1 },
    weirtenant: 'dev',
    weirreceipt: receipt,
  });
  const files = await readdir(join(WEIR_DATA_DIR, 'store'), { recursive: true });
  const object = /^tenant=dev\/dt=\d{4}-\d\d-\d\d\/hour=\d\d\/[0-9a-z]{16}-\d+\.ndjson\.zst$/;
  expect(files.filter((file) => object.test(file)).length).toBeGreaterThanOrEqual(1);

  server.signal('SIGINT'); // as Ctrl-C has it: to everything in the foreground
  await server.ended;
  const verified = await run('npx weir verify');
  expect(verified, verified.out + verified.err).toMatchObject({ code: 0 });
});
