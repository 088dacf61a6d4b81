import type { SegmentHeader } from '../spool/segment-header.ts';

/** What a tenant has in a segment. */
export interface TenantShare {
  readonly tenant: string;
  /** Of its bodies, as they were sent. */
  readonly bytes: number;
}

/**
 * Which tenants get an object of their own; the others share `_mixed`. Where the segment was sealed
 * for its size, only those that have enough; otherwise all, as far as the cap on objects allows,
 * the largest first. Depends on nothing but the segment, so every delivery agrees.
 */
export function ownTenants(
  shares: readonly TenantShare[],
  header: SegmentHeader,
  segmentBytes: number,
): string[] {
  const full = segmentBytes >= header.sealBytes;
  const worthy = full ? shares.filter(({ bytes }) => bytes >= header.ownObjectBytes) : [...shares];
  worthy.sort((a, b) => b.bytes - a.bytes || (a.tenant < b.tenant ? -1 : 1));
  const mixed = worthy.length < shares.length ? 1 : 0;
  const fits = worthy.length + mixed <= header.maxObjects;
  return worthy.slice(0, fits ? worthy.length : header.maxObjects - 1).map(({ tenant }) => tenant);
}
