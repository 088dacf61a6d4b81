// biome-ignore-all lint/performance/noBarrelFile: the public API of the package, name by name

import type { AnyEvents, Client, EventMap } from './client.ts';
import { type ClientConstructor, clientOn } from './client-on.ts';
import { nodePlatform } from './node-platform.ts';

export type { AnyEvents, EventMap, SendOptions, TrackOptions } from './client.ts';
export type { ClientEvents } from './client-events.ts';
export type { ClientConstructor } from './client-on.ts';
export { errorCodes, type WeirErrorCode } from './error-codes.ts';
export type { EventOptions } from './event-text.ts';
export type { FlushOptions, FlushResult } from './flush.ts';
export type { DropReason, Stats } from './ledger.ts';
export type {
  ClientOptions,
  EventDraft,
  Logger,
  Overflow,
  SpoolOptions,
  ThrottleChoice,
} from './options.ts';
export type { Receipt, StoredEvent, StoredOptions } from './receipts.ts';
export type { ManyEvent, ManyResult } from './send-many.ts';
export { isWeirError, WeirError } from './weir-error.ts';

/**
 * The client for Node; `Client` has its methods, `ClientOptions` what it takes: by default a key from
 * WEIR_API_KEY and a server from WEIR_URL. Throws a WeirError `invalid_option`.
 *
 * @example
 * await using client = new IngestClient<{ 'order.paid': { cents: number } }>({ lingerMs: 20 });
 * client.track('order.paid', { cents: 1900 });
 */
export const IngestClient: ClientConstructor = clientOn(nodePlatform);
/** An instance of it. */
export type IngestClient<Events extends EventMap = AnyEvents> = Client<Events>;
