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
  trustedHops: {
    env: 'WEIR_TRUSTED_HOPS',
    kind: 'count',
    default: 0,
    min: 0,
    max: 16,
    about:
      'Proxies of yours in front of weir, each of which appends to `X-Forwarded-For`; 0: the header is not believed.',
  },
  addressRate: {
    env: 'WEIR_ADDRESS_RATE',
    kind: 'count',
    default: 0,
    min: 0,
    max: 1_000_000,
    about:
      'Most requests a second from one address (IPv6: one /64), whatever the key, and twice as many at once; 0: no limit.',
  },
  mostUnauthorized: {
    env: 'WEIR_BLOCK_UNAUTHORIZED',
    kind: 'count',
    default: 20,
    min: 1,
    max: 1_000_000,
    about: 'An address that sends more requests a minute without a good key than this is blocked.',
  },
  mostMalformed: {
    env: 'WEIR_BLOCK_MALFORMED',
    kind: 'count',
    default: 100,
    min: 1,
    max: 1_000_000,
    about:
      'An address that sends more bodies a minute that cannot be parsed than this is blocked with its key.',
  },
  blockMs: {
    env: 'WEIR_BLOCK_MS',
    kind: 'ms',
    default: 60_000,
    min: 1_000,
    max: 86_400_000,
    about: 'How long such an address is blocked. Addresses of loopback never are.',
  },
} as const;
