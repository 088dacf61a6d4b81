// biome-ignore-all lint/performance/noBarrelFile: an entry point of the package, name by name

import type { AnyEvents, Client, EventMap } from './client.ts';
import { type ClientConstructor, clientOn } from './client-on.ts';
import { fetchPlatform } from './fetch-platform.ts';

export type { ClientConstructor } from './client-on.ts';
export { errorCodes, type WeirErrorCode } from './error-codes.ts';
export type { ClientOptions } from './options.ts';
export type { Receipt } from './receipts.ts';
export { isWeirError, WeirError } from './weir-error.ts';

/**
 * The client for runtimes without Node: workers, edge, Bun, Deno. The same but for spool and
 * dispatcher.
 *
 * @example
 * await using client = new IngestClient({ apiKey, baseUrl });
 * client.track('page.viewed', { path: '/pricing' });
 */
export const IngestClient: ClientConstructor = clientOn(fetchPlatform);
/** An instance of it. */
export type IngestClient<Events extends EventMap = AnyEvents> = Client<Events>;
