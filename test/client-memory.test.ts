import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { peakGrowthMiB } from './support/memory.ts';
import type { OverloadReport } from './support/overloading-sender.ts';
import { temporaryFolder } from './support/weir-process.ts';

// A sender that is offered ten times what its server takes, and then a server that has stopped,
// grows by its queue and little more. In CI a short run. The whole one:
const command =
  'WEIR_TEST_CLIENT_OVERLOAD_SECONDS=600 npx vitest run --project whole test/client-memory.test.ts';
const seconds = Number(process.env.WEIR_TEST_CLIENT_OVERLOAD_SECONDS ?? 5);
/**
 * The goal is 48, of which the queue may hold 32, and is met in the short run. In a minute the engine
 * makes its nursery larger, and leaves more lying about before it collects: up to 90 were seen.
 */
const mostMiB = seconds <= 10 ? 64 : 112;
/** What waits for the disk makes more that dies late than the engine collects at once. */
const mostSpoolingMiB = 192;
const program = fileURLToPath(new URL('./support/overloading-sender.ts', import.meta.url));

/** Takes 500 events in two seconds on each of eight connections, then answers nobody any more. */
interface SlowServer extends AsyncDisposable {
  readonly url: string;
  state: 'quick' | 'slow' | 'stopped';
}

async function startSlowServer(): Promise<SlowServer> {
  let receipts = 0;
  const answer = (response: ServerResponse, accepted: number): void => {
    receipts += 1;
    const receipt = `slowslowslowslow-1-${receipts}`;
    response.end(JSON.stringify({ receipt, accepted, rejected: [] }));
  };
  const server: Server = createServer((request, response) => {
    const accepted = Number(request.headers['weir-events']);
    response.writeHead(202, { 'content-type': 'application/json' });
    request.resume().on('end', () => {
      if (slow.state === 'quick') answer(response, accepted);
      if (slow.state === 'slow') setTimeout(() => answer(response, accepted), 2_000);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const slow: SlowServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state: 'quick',
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return slow;
}

interface Overloaded extends OverloadReport {
  readonly grewMiB: number;
}

async function overload(overflow: string, folder: string): Promise<Overloaded> {
  await using server = await startSlowServer();
  const args = [server.url, overflow, join(folder, overflow), `${seconds}`];
  const { PATH } = process.env;
  const child = fork(program, args, {
    env: { PATH, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  });
  await once(child, 'message');
  server.state = 'slow';
  let report: OverloadReport | undefined;
  const grewMiB = await peakGrowthMiB(child.pid as number, async () => {
    child.send('begin');
    const stopping = setTimeout(() => {
      server.state = 'stopped';
    }, seconds * 500);
    [report] = (await once(child, 'message')) as [OverloadReport];
    clearTimeout(stopping);
  });
  await once(child, 'exit');
  return { ...(report as OverloadReport), grewMiB };
}

test(
  `under ten times what its server takes a client grows by its queue and little more, whatever overflow says`,
  async () => {
    console.log(`overload for ${seconds} of 600 s; in full: ${command}`);
    await using folder = await temporaryFolder();
    const modes = ['block', 'reject', 'drop-newest', 'drop-oldest', 'spool'];
    const reports = await Promise.all(modes.map((mode) => overload(mode, folder.path)));
    for (const [i, { offered, stats, told, grewMiB }] of reports.entries()) {
      const mode = modes[i] as string;
      const lost = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
      const { queued, recovered, acked, rejected, spooled, inMemory } = stats;
      console.log(
        `${mode}: +${grewMiB.toFixed(0)} MiB (goal 48); ${offered} offered, ${acked} taken, ${lost} dropped, ${inMemory} in memory, ${spooled} spooled`,
      );
      const most = mode === 'spool' ? mostSpoolingMiB : mostMiB;
      expect.soft(grewMiB, mode).toBeLessThanOrEqual(most);
      expect(queued + recovered, mode).toBe(acked + rejected + lost + spooled + inMemory);
      expect(told, mode).toBe(lost);
    }
  },
  (120 + seconds) * 1_000,
);
