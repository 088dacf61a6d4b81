import { systemWorld } from '@weir/core/world/system';
import type { Compressed } from './compress.ts';
import type { Platform } from './platform.ts';
import { sharedRegistry } from './throttle-registry.ts';
import { FetchTransport } from './transport/fetch.ts';
import { WeirError } from './weir-error.ts';

const longestTimerMs = 2_147_483_647;

interface Host {
  readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> };
}

/** Runtimes with `fetch` and web streams: no disk, no undici, nothing of Node. */
export const fetchPlatform: Platform = {
  world: systemWorld,
  env: (globalThis as Host).process?.env ?? {},
  transport: ({ dispatcher, spool }) => {
    const field = spool === undefined ? 'dispatcher' : 'spool';
    if (spool !== undefined || dispatcher !== undefined) {
      throw new WeirError('invalid_option', `${field} needs the entry point @weir/client`, {
        field,
      });
    }
    return new FetchTransport((input, init) => fetch(input, init));
  },
  compress: ({ compression }) => (compression === 'none' ? async () => undefined : gzip),
  startHolding: () => {
    // biome-ignore lint/style/noRestrictedGlobals: it measures nothing; a timer of World holds nothing
    const timer = setInterval(() => {}, longestTimerMs);
    return () => clearInterval(timer);
  },
  registry: ({ logger }) => sharedRegistry(logger),
  publish: () => {},
  openBacklog: async () => undefined,
  tracing: () => undefined,
};

async function gzip(body: Uint8Array): Promise<Compressed | undefined> {
  if (typeof CompressionStream !== 'function') return undefined;
  const source = new Blob([body as Uint8Array<ArrayBuffer>]).stream();
  const packed = source.pipeThrough(new CompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  return bytes.length < body.length ? { encoding: 'gzip', bytes } : undefined;
}
