import type { Holding, SharedRoom } from '@weir/core/fair-share';
import type { Receipt, ReceiptId } from '@weir/core/wire/receipt';
import type { Refusal } from '@weir/core/wire/refusal';
import type { Ms } from '@weir/core/world/world';
import type { Batch, Repeat } from './record.ts';
import type { RecoveredKeys } from './recovered-keys.ts';

/** Room in the spool for one batch, held for one request. */
export interface Slot {
  /** Holds `bytes` more; false (and nothing changes) where there is no room for them. */
  grow(bytes: number): boolean;
  /**
   * Resolves when the batch has reached whatever this adapter calls safe, or with the refusal that
   * explains why it could not; then nothing of it was kept.
   */
  append(batch: Batch): Promise<Receipt | Refusal>;
  /** Gives the room back unless `append` used it. Safe to call twice. */
  release(): void;
}

/** Events by tenant: the unit of the ledger. */
export type TenantCounts = ReadonlyMap<string, number>;

/** A sealed segment on loan to one worker. It goes back to the spool unless `done` is called. */
export interface Lease {
  readonly writer: string;
  readonly segment: number;
  /** The whole segment, header and records, cut to what is known good: a file or its bytes. */
  readonly source: { readonly path: string } | { readonly bytes: Uint8Array };
  /** The manifest is written: the spool may forget the segment. Keeps its idempotency keys. */
  done(): Promise<void>;
  /** Gives it back, to be leased again after others that wait. */
  release(): void;
  /** Its bytes are damaged: sets it aside for a person to look at. Keeps its idempotency keys. */
  quarantine(): Promise<void>;
}

/** What the spool holds right now; all counts are exact, and maps are live views. */
export interface SpoolStatus {
  readonly requests: number;
  readonly events: number;
  readonly bytes: number;
  readonly segments: number;
  /** Events that wait to be delivered; the sum over tenants is `events`. */
  readonly queued: TenantCounts;
  /** Age of the oldest batch that is not delivered; 0 where there is none. */
  readonly oldestMs: number;
  /** Found at start or taken over from a writer that died. Never falls. */
  readonly recovered: TenantCounts;
  readonly quarantined: TenantCounts;
  /** Damaged segments set aside, by path: a person must look. */
  readonly quarantinedSegments: readonly string[];
  /** How far back a repeated key is noticed now; absent where nobody can tell. */
  readonly idempotencyWindowMs?: Ms;
  /** Set where the spool takes nothing any more until it is restarted, with the reason. */
  readonly failed?: string | undefined;
}

/**
 * Where accepted batches wait for a worker. Adapters: memory, disk, redis.
 * Bounded in requests and in bytes; at the bound it refuses at once and never waits.
 */
export interface Spool {
  /** Who writes here: 16 characters of `[0-9a-z]`, made anew at each start. */
  readonly writer: string;
  /** How much is held in all, and may be. A live view. */
  readonly room: SharedRoom;
  /** What a tenant's batches take of it, once they are safe; undefined where that is nothing. */
  holding(tenant: string): Holding | undefined;
  /** Holds room for a batch of at most `bytes`. */
  reserve(bytes: number): Slot | Refusal;
  /** The oldest sealed segment, as soon as there is one; undefined once closed or aborted. */
  lease(signal: AbortSignal): Promise<Lease | undefined>;
  /** Whose batch this is, while it waits here; undefined where it does not. For receipts. */
  ownerOf(receipt: ReceiptId): string | undefined;
  /** Brings the open segment's seal forward to 250 ms from now, at most once a second. */
  sealSoon(): void;
  /** What this `Idempotency-Key`, hashed by `hashKey`, was answered within the window, if it was. */
  repeat(key: Uint8Array): Repeat | undefined;
  /** Calls `tell` with the keys of each segment found at start or taken over, until now and later. */
  onRecovered(tell: (keys: RecoveredKeys) => void): void;
  status(): SpoolStatus;
  /**
   * Takes no more batches, not even for slots already reserved, and seals the open segment; what is
   * held can still be leased.
   */
  seal(): Promise<void>;
  /** Ends every wait in `lease` and lets go of files and locks. */
  close(): Promise<void>;
}
