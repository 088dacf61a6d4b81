// biome-ignore-all lint/performance/noBarrelFile: the public API of the package, name by name

import type { Client } from './client.ts';
import { type ClientConstructor, clientOn } from './client-on.ts';
import { nodePlatform } from './node-platform.ts';

export type {
  AnyEvents,
  Client as IngestClientInstance,
  EventMap,
  SendOptions,
  TrackOptions,
} from './client.ts';
export type { ClientEvents } from './client-events.ts';
export { errorCodes, type WeirErrorCode } from './error-codes.ts';
export type { EventOptions } from './event-text.ts';
export type { FlushOptions, FlushResult } from './flush.ts';
export type { DropReason, Stats } from './ledger.ts';
export type { ClientOptions, EventDraft, Logger, Overflow, SpoolOptions } from './options.ts';
export type { Receipt, StoredEvent, StoredOptions } from './receipts.ts';
export type { ManyEvent, ManyResult } from './send-many.ts';
export { isWeirError, WeirError } from './weir-error.ts';

/** The client for Node; see `Client` for its methods and `ClientOptions` for what it takes. */
export const IngestClient: ClientConstructor = clientOn(nodePlatform);
/** An instance of it. */
export type IngestClient<
  Events extends import('./client.ts').EventMap = import('./client.ts').AnyEvents,
> = Client<Events>;
