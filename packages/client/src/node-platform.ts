import { channel } from 'node:diagnostics_channel';
import { systemWorld } from '@weir/core/world/system';
import { hostTracing } from './host-tracing.ts';
import type { Platform } from './platform.ts';
import { sharedRegistry } from './throttle-registry.ts';
import { LazyTransport } from './transport/lazy.ts';

const longestTimerMs = 2_147_483_647;

/** Node: undici, zlib, diagnostics channels. Nothing of it is loaded before it is needed. */
export const nodePlatform: Platform = {
  world: systemWorld,
  // biome-ignore lint/style/noProcessEnv: the one place of this package that reads it
  env: process.env,
  transport: ({ dispatcher, maxConcurrency }) =>
    new LazyTransport(async () => {
      const { UndiciTransport } = await import('./transport/undici.ts');
      return new UndiciTransport({ dispatcher, connections: maxConcurrency });
    }),
  compress: ({ compression }) =>
    compression === 'none'
      ? async () => undefined
      : async (body) => (await import('./node-compress.ts')).nodeCompress(body),
  startHolding: () => {
    // biome-ignore lint/style/noRestrictedGlobals: it measures nothing; a timer of World holds nothing
    const timer = setInterval(() => {}, longestTimerMs);
    return () => clearInterval(timer);
  },
  registry: ({ logger }) => sharedRegistry(logger),
  publish: (name, message) => {
    const found = channel(name);
    if (found.hasSubscribers) found.publish(message);
  },
  openBacklog: async (options, deps, signal) => {
    const { openBacklog } = await import('./open-backlog.ts');
    return await openBacklog(options, deps, signal);
  },
  tracing: hostTracing,
};
