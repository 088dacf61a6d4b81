import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { changeFaults } from './change-faults.ts';
import type { S3Double } from './server.ts';

/** The way into a double that runs as a program, on a port of its own. */
export interface Control {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * `GET /counts`, `GET /faults`, `GET /objects` tell, `PATCH /faults` changes: JSON all of them.
 * Whoever reaches the port may do all of it, so it is on loopback.
 */
export async function startControl(double: S3Double, port: number): Promise<Control> {
  const server = createServer((request, response) => void answer(request, response, double));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((ended) => server.close(ended));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, double: S3Double) {
  const send = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  try {
    const body = await reply(request, double);
    send(body === undefined ? 404 : 200, body ?? { error: 'there is no such thing' });
  } catch (error) {
    send(400, { error: (error as Error).message });
  }
}

async function reply(request: IncomingMessage, double: S3Double): Promise<unknown> {
  const { counts, faults } = double;
  switch (`${request.method} ${request.url}`) {
    case 'GET /counts':
      return { ...counts, attempts: Object.fromEntries(counts.attempts) };
    case 'GET /objects':
      return double.objects().map(({ bytes, ...object }) => ({ ...object, bytes: bytes.length }));
    case 'PATCH /faults':
      changeFaults(faults, (await json(request)) as Record<string, unknown>);
      return faults;
    case 'GET /faults':
      return faults;
    default:
      return undefined;
  }
}
