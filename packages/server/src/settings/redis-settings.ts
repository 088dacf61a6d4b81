/** The settings of the Redis that servers share: rows of the one table in config.ts. */
export const redisSettings = {
  redisUrls: {
    env: 'REDIS_URL',
    kind: 'list',
    default: '',
    secret: true,
    expected:
      'redis:// or rediss:// with host, port and database; several, by commas, of a Cluster',
    about: 'Redis that servers share for their limits; without it each has its own in memory.',
  },
  redisCluster: {
    env: 'WEIR_REDIS_CLUSTER',
    kind: 'switch',
    default: 'off',
    about: 'Whether a single `REDIS_URL` names a Redis Cluster; several always do.',
  },
  redisDeadlineMs: {
    env: 'WEIR_REDIS_DEADLINE_MS',
    kind: 'ms',
    default: 25,
    min: 1,
    max: 10_000,
    about: 'How long a request may wait for Redis; then this server decides by its share alone.',
  },
  processes: {
    env: 'WEIR_PROCESSES',
    kind: 'count',
    default: 1,
    min: 1,
    max: 64,
    about:
      'How many servers share this port on this machine; more than one needs `REDIS_URL`. Each has an admin port of its own, counted up from `WEIR_ADMIN_PORT`.',
  },
} as const;
