import type { World } from '@weir/core/world/world';
import { Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import { placeOf, type RedisPlace } from './redis-place.ts';
import { explainRedis } from './redis-problem.ts';

export interface ConnectOptions {
  /** `redis://` or `rediss://`; of a Cluster some of its nodes. */
  readonly urls: readonly string[];
  /** Several URLs are a Cluster in any case. */
  readonly isCluster: boolean;
  readonly world: World;
}

/**
 * A connection that everything which talks to Redis shares. It comes back by itself. A command on it
 * is sent at most once and always ends: with its reply, or with an error within a second or two.
 */
export interface RedisConnection {
  readonly client: Redis | Cluster;
  readonly isCluster: boolean;
  readonly world: World;
  /** Hosts and ports, for people; no password. */
  readonly name: string;
  /** What went wrong last; undefined where nothing did since the connection was ready. */
  readonly problem: string | undefined;
  /** Resolves once commands can be sent, or after `mostMs`: whether they can. */
  ready(mostMs: number): Promise<boolean>;
  /** Ends it at once; what is under way fails. */
  close(): void;
}

/** Only a backstop: who waits for a reply has a shorter deadline, and wants to see late replies. */
const commandTimeoutMs = 1_000;
const silenceMs = 2_000;
const reconnectMs = 100;

/**
 * Each of these is pinned because its default charges twice, hangs or queues. Measured on ioredis
 * 6.0.0; `connect.test.ts` holds the installed version to it.
 */
const pinned = {
  // By default what was under way when a connection broke is sent again on the next: the first may
  // have been carried out, and then a request is charged twice.
  autoResendUnfulfilledCommands: false,
  // Not resending alone leaves those promises pending for ever; with 0 they fail as it breaks.
  maxRetriesPerRequest: 0,
  // By default nothing ends a command that a stopped server has swallowed.
  commandTimeout: commandTimeoutMs,
  // Commands that timed out stay in a queue until the socket ends. A silent one is ended, so that
  // the queue is bounded, and a cut that sends no reset is noticed.
  socketTimeout: silenceMs,
  // By default a handshake may take ten seconds, and nobody is told meanwhile.
  connectTimeout: 1_000,
  // It keeps one pipeline in flight and waits for all of it: slower than what is batched by us.
  enableAutoPipelining: false,
  // A primary that became a replica refuses writes for ever: find the new one. Never 2, which
  // would send the command again.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  // Waits for a restarted server to have loaded its data, instead of failing on LOADING.
  enableReadyCheck: true,
  // Two commands less in each handshake.
  disableClientInfo: true,
} satisfies CommonRedisOptions;

/** Connects, and stays at it. Throws a TypeError where a URL is none. */
export function connectRedis({ urls, isCluster, world }: ConnectOptions): RedisConnection {
  const places = urls.map(placeOf);
  const { isTls } = places[0] as RedisPlace;
  const asCluster = isCluster || places.length > 1;
  const client = asCluster ? openCluster(places) : openSingle(places[0] as RedisPlace);
  const state: { problem: string | undefined } = { problem: 'it has not answered yet' };
  const note = (error: Error): void => {
    state.problem = explainRedis(error, isTls);
  };
  client.on('error', note);
  const clear = (): void => {
    state.problem = undefined;
  };
  // A Cluster goes on without a node: what it complains of counts until it has found its slots again.
  if (client instanceof Cluster) client.on('node error', note).on('refresh', clear);
  client.on('close', () => {
    state.problem ??= 'the connection was closed';
  });
  client.on('ready', clear);
  return {
    client,
    isCluster: asCluster,
    world,
    name: places.map(({ host, port }) => `${host}:${port}`).join(','),
    get problem() {
      return state.problem;
    },
    ready: (mostMs) => untilReady(client, mostMs, world),
    close: () => client.disconnect(),
  };
}

// The URL is not handed to ioredis: its query could replace what is pinned.
function openSingle({ host, port, db, ...place }: RedisPlace): Redis {
  return new Redis({
    ...pinned,
    ...accessOf(place),
    host,
    port,
    db,
    // By default commands wait in a queue without bound while there is no connection.
    enableOfflineQueue: false,
    retryStrategy: () => reconnectMs,
  });
}

function openCluster(places: readonly RedisPlace[]): Cluster {
  const [first] = places as [RedisPlace];
  return new Cluster(
    places.map(({ host, port }) => ({ host, port })),
    {
      redisOptions: { ...pinned, ...accessOf(first) },
      enableOfflineQueue: false,
      clusterRetryStrategy: () => reconnectMs,
      // By default a command whose connection broke is sent again after 100 ms: charged twice.
      retryDelayOnFailover: 0,
      // Waiting would outlast any deadline of ours; 0 fails at once.
      retryDelayOnClusterDown: 0,
      // Not carried out while a slot moves, so it may be tried again; but only so often.
      retryDelayOnTryAgain: 5,
      maxRedirections: 4,
      slotsRefreshTimeout: 1_000,
      // There is none by default: a node that was replaced would be found by chance.
      slotsRefreshInterval: 1_000,
      // With TLS names must stay names: certificates have no addresses in them.
      ...(first.isTls ? { dnsLookup: (name, found) => found(null, name) } : {}),
    },
  );
}

function accessOf({
  username,
  password,
  isTls,
}: Pick<RedisPlace, 'username' | 'password' | 'isTls'>) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isTls ? { tls: {} } : {}),
  };
}

function untilReady(client: Redis | Cluster, mostMs: number, world: World): Promise<boolean> {
  if (client.status === 'ready') return Promise.resolve(true);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = world.after(mostMs, () => resolve(false));
  client.once('ready', () => resolve(true));
  return promise.finally(cancel);
}
