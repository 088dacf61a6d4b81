import { freePort, type RedisServer, startRedisServer } from './redis-server.model.ts';

/** A Redis Cluster of a test's own: three primaries, and a replica of the first. */
export interface RedisCluster extends AsyncDisposable {
  readonly urls: readonly string[];
  /** In order of their slots, of which each has a third. */
  readonly primaries: readonly RedisServer[];
  readonly replica: RedisServer;
}

const slots = 16_384;
const nodeTimeoutMs = 500;

/** Starts it and resolves when all slots are served and the replica follows. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 4 }, () => startNode()));
  const [first, second, third, replica] = nodes as [
    RedisServer,
    RedisServer,
    RedisServer,
    RedisServer,
  ];
  const primaries = [first, second, third];
  for (const [i, { command }] of primaries.entries()) {
    const from = Math.ceil((slots * i) / 3);
    await command('CLUSTER', 'ADDSLOTSRANGE', from, Math.ceil((slots * (i + 1)) / 3) - 1);
  }
  for (const { port } of nodes.slice(1)) await first.command('CLUSTER', 'MEET', '127.0.0.1', port);
  await until('the nodes know each other', async () =>
    (await Promise.all(nodes.map(knownNodes))).every((count) => count === nodes.length),
  );
  await replica.command('CLUSTER', 'REPLICATE', `${await first.command('CLUSTER', 'MYID')}`);
  await until('all slots are served and the replica follows', async () => {
    const states = await Promise.all(nodes.map(({ command }) => command('CLUSTER', 'INFO')));
    const link = `${await replica.command('INFO', 'replication')}`;
    const isServed = states.every((text) => `${text}`.includes('cluster_state:ok'));
    return isServed && link.includes('master_link_status:up');
  });
  return {
    urls: primaries.map(({ url }) => url),
    primaries,
    replica,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    },
  };
}

async function startNode(): Promise<RedisServer> {
  let port = await freePort();
  while (port > 55_000) port = await freePort(); // its bus is 10,000 above
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', `${nodeTimeoutMs}`];
  return await startRedisServer({ port, args: cluster });
}

async function knownNodes({ command }: RedisServer): Promise<number> {
  const text = `${await command('CLUSTER', 'NODES')}`;
  return text.split('\n').filter((line) => line.includes(' connected')).length;
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!(await check().catch(() => false))) {
    if (performance.now() > endMs) throw new Error(`not within 20 s: ${what}`);
    await new Promise((later) => setTimeout(later, 50));
  }
}
