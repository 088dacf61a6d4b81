import type { World } from '@weir/core/world/world';
import type { Backlog, BacklogDeps } from './backlog.ts';
import type { Compress } from './compress.ts';
import type { StartHolding } from './keep-alive.ts';
import type { ResolvedOptions, SpoolOptions } from './options.ts';
import type { Registry } from './throttle-registry.ts';
import type { Tracing } from './tracing.ts';
import type { Transport } from './transport/transport.ts';

/** What a client needs of its runtime. Adapters: Node, `fetch` runtimes, and a world in tests. */
export interface Platform {
  readonly world: World;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly transport: (options: ResolvedOptions) => Transport;
  readonly compress: (options: ResolvedOptions) => Compress;
  readonly startHolding: StartHolding;
  readonly registry: (options: ResolvedOptions) => Registry;
  /** For whoever listens in on a channel of this name; cheap where nobody does. */
  readonly publish: (channel: string, message: object) => void;
  /** Opens the spool that the options name; undefined once the signal is aborted. */
  readonly openBacklog: (
    options: Required<SpoolOptions>,
    deps: BacklogDeps,
    signal: AbortSignal,
  ) => Promise<Backlog | undefined>;
  /** undefined while the host has registered none. */
  readonly tracing: () => Tracing | undefined;
}
