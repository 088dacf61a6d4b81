import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';

/** Rejects with what a program wrote, once it has ended: before it was ready, that is a failure. */
export async function saidBy(
  name: string,
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<never> {
  let said = '';
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
  }
  const how = await once(child, 'close');
  throw new Error(`${name} ended (${how}) before it was ready:\n${said}`);
}

/** A port of loopback that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

/** Resolves when something takes connections there. */
export async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await new Promise((later) => setTimeout(later, 20));
    } finally {
      socket.destroy();
    }
  }
}

/** The path of a program; undefined where it is on no PATH, and not where administrators have theirs. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** Whether there is a file there that may be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
