import type { Ms } from '@weir/core/world/world';
import type { Manifest } from './manifest.ts';
import type { PackedTrace } from './pack.ts';

/** A segment whose manifest is written and which the spool has let go. */
export interface Delivery {
  readonly manifest: Manifest;
  readonly traces: readonly PackedTrace[];
  /** From lease to manifest. */
  readonly tookMs: Ms;
}

/** Which segment something happened to. */
export interface SegmentName {
  readonly writer: string;
  readonly segment: number;
}

/** What delivering tells of itself: for the ledger, for who waits, for metrics and logs. */
export interface DeliveryEvents {
  /** Once per segment and server. */
  delivered(delivery: Delivery): void;
  /** Something failed that may pass; it will be tried again. */
  retried(segment: SegmentName, error: unknown): void;
  /** An object went to `_dead`. */
  dead(key: string, reason: string): void;
  /** A key holds other lines than it should: a person must look. Nothing was overwritten. */
  alarm(key: string, detail: string): void;
}
