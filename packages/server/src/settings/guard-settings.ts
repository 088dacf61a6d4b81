/** The settings of what stands before the quotas: rows of the one table in config.ts. */
export const guardSettings = {
  maxInFlight: {
    env: 'WEIR_MAX_TENANT_REQUESTS',
    kind: 'count',
    default: 2_000,
    min: 1,
    max: 1_000_000,
    about: 'Most requests of one tenant under way at once; beyond, the answer is 503.',
  },
} as const;
