import cluster from 'node:cluster';
import { flushCompileCache } from 'node:module';
import { systemWorld } from '@weir/core/world/system';
import { environment, type Settings } from './config.ts';
import { type Log, makeLog } from './log.ts';
import { type RunningServer, start, type Wrappers } from './main.ts';
import { hasProblems, type Problems } from './problems.ts';
import { runProcesses } from './processes.ts';
import { misspelt } from './settings/misspelt.ts';

/**
 * Runs a server until a signal ends it: the first SIGTERM or SIGINT stops it cleanly, the second at
 * once. Resolves when it has stopped, or with why it could not start.
 */
export async function serve(
  settings: Settings,
  wrap: Wrappers = {},
): Promise<Problems | undefined> {
  if (settings.processes > 1 && cluster.isPrimary) return await runProcesses(settings);
  const isDevelopment = settings.tenantsFile === undefined;
  // In development standard output is for a person, and the log goes beside it.
  const log = isDevelopment ? makeLog(settings, process.stderr) : makeLog(settings);
  for (const warning of misspelt(environment)) log.warn(warning);
  const server = await start(settings, log, wrap).catch((error: unknown) => {
    endSoon(); // it may be listening on its first port when the second is taken
    throw error;
  });
  if (hasProblems(server)) return server;
  const { port, adminPort } = server;
  const stopped = untilStopped(server, log); // whoever reads that it is ready may stop it at once
  log.info({ port, adminPort, pid: process.pid }, 'ready');
  flushCompileCache(); // else it is kept at the end, which kill -9 leaves out
  if (server.devKey !== undefined) process.stdout.write(welcome(settings, server, server.devKey));
  await stopped;
  return undefined;
}

async function untilStopped(server: RunningServer, log: Log): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string>();
  process.once('SIGTERM', resolve).once('SIGINT', resolve);
  const signal = await promise;
  const endNow = (again: NodeJS.Signals): never => process.exit(again === 'SIGINT' ? 130 : 143);
  process.once('SIGTERM', endNow).once('SIGINT', endNow);
  log.info({ signal }, 'stopping; once more ends it at once');
  await server.stop();
  log.info('stopped');
  endSoon(); // a collector that does not answer holds a connection, and with it the process
}

/** Ends a process that something keeps alive; it has said by then how it ended. */
function endSoon(): void {
  systemWorld.after(250, () => process.exit());
}

/** What a newcomer needs: where it listens, what it keeps, and a command that works as it stands. */
function welcome(
  { host, adminHost, dataDir, s3Bucket, redisUrls }: Settings,
  server: RunningServer,
  key: string,
): string {
  const url = `http://${hostInUrl(host)}:${server.port}`;
  const objects =
    s3Bucket === undefined ? 'objects in store/' : `objects in the bucket ${s3Bucket}`;
  const quotas =
    redisUrls.length === 0
      ? 'in memory: full again after a restart'
      : 'in Redis, shared by servers';
  const event = '{"type":"hello.world","data":{"n":1}}';
  return `
weir is ready.
  events to   ${url}/v1/events
  operations  http://${hostInUrl(adminHost)}:${server.adminPort}/console, /readyz and /metrics
  data in     ${dataDir} (${objects})
  quotas      ${quotas}

Send an event:

curl -sS ${url}/v1/events -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${event}'

A second later it is in an object. Find it again with the receipt from the reply:

npx weir cat --receipt RECEIPT

`;
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
