import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { buildPage, type PageFiles } from './build-page.ts';
import { exits, Misuse, type Outcome, type Output } from './outcome.ts';

export interface ServeOptions {
  readonly port: string;
  readonly host: string;
  /** A folder: the files are written there, and nothing is served. */
  readonly to?: string;
}

/** Serves the page until it is interrupted, or writes it as files. */
export async function serve(options: ServeOptions, output: Output): Promise<Outcome> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Misuse(`--port: expected a whole number from 0 to 65535, not ${options.port}`);
  }
  const files = await buildPage();
  if (options.to !== undefined) return written(files, options.to);
  const server = createServer(answering(files));
  const closed = once(server, 'close');
  const ignore = output.onInterrupt(() => stop(server));
  server.listen(port, options.host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  output.out(`http://${options.host}:${taken}/\n`);
  await closed;
  ignore();
  return { exit: exits.ok, lines: [] };
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

async function written(files: PageFiles, folder: string): Promise<Outcome> {
  for (const [name, bytes] of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return { exit: exits.ok, lines: [...files.keys()], json: { folder, files: [...files.keys()] } };
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** Only what was built can be asked for: no path ever reaches the disk. */
function answering(files: PageFiles): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?')[0]?.slice(1);
    const name = path === '' || path === undefined ? 'index.html' : path;
    const bytes = files.get(name);
    if (bytes === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('there is no such page\n');
      return;
    }
    response.writeHead(200, {
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      'content-security-policy':
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:",
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  };
}
