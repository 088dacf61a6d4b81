import { parseReceipt, type Receipt, type ReceiptId } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { VirtualWorld } from '@weir/core/world/virtual';
import { readRecords } from '../delivery/segment-records.ts';
import { hashBody, hashKey } from './idempotency.ts';
import { type Batch, decodeRecord, type StoredBatch } from './record.ts';
import type { SpoolOptions } from './segmented-spool.ts';
import type { Lease, Slot, Spool } from './spool.ts';

// What the tests of all spools share: options, batches, and the few steps most of them take.

export interface SpoolUnderTest {
  readonly spool: Spool;
  readonly world: VirtualWorld;
  /** All bytes of a leased segment. */
  read(lease: Lease): Promise<Uint8Array>;
}

export type MakeSpool = (options: SpoolOptions) => Promise<SpoolUnderTest>;

export const testOptions: SpoolOptions = {
  bounds: { maxRequests: 100, maxBytes: 100_000, minFreeBytes: 0 },
  rules: { bytes: 10_000, events: 50, ageMs: 10_000 },
  header: {
    template: '{writer}-{segment}',
    codec: 'zstd',
    level: 3,
    maxObjects: 16,
    ownObjectBytes: 4_000,
  },
  idempotency: { windowMs: 600_000, maxKeys: 1_000 },
};

export function batchOf(text: string, changes: Partial<Batch> = {}): Batch {
  return {
    tenant: 'acme',
    keyId: 'key0key0key0',
    shape: 'event',
    accepted: 1,
    rejected: [],
    missing: 15,
    body: Buffer.from(text),
    ...changes,
  };
}

export function keyedBatch(text: string, key: string, changes: Partial<Batch> = {}): Batch {
  const idempotency = { key: hashKey('acme', key), body: hashBody(Buffer.from(text)) };
  return batchOf(text, { idempotency, ...changes });
}

export function reserved(spool: Spool, bytes: number): Slot {
  const slot = spool.reserve(bytes);
  if (isRefusal(slot)) throw new Error(`refused: ${slot.refused}: ${slot.detail}`);
  return slot;
}

export function answered(spool: Spool, batch: Batch): Promise<Receipt | Refusal> {
  return reserved(spool, batch.body.length).append(batch);
}

export async function taken(spool: Spool, batch: Batch): Promise<Receipt> {
  const answer = await answered(spool, batch);
  if (isRefusal(answer)) throw new Error(`refused: ${answer.refused}: ${answer.detail}`);
  return answer;
}

export const idOf = ({ receipt }: Receipt): ReceiptId => parseReceipt(receipt) as ReceiptId;

export async function leased(spool: Spool): Promise<Lease> {
  const lease = await spool.lease(new AbortController().signal);
  if (lease === undefined) throw new Error('the spool is closed');
  return lease;
}

export function batchesIn(segment: Uint8Array): StoredBatch[] {
  const { count, payload } = readRecords(segment);
  return Array.from({ length: count }, (_, ordinal) => decodeRecord(payload(ordinal)));
}

export const textsOf = (batches: readonly StoredBatch[]): string[] =>
  batches.map(({ body }) => Buffer.from(body).toString());

/** The bodies of the next segment; it is done then. */
export async function nextTexts({ spool, read }: SpoolUnderTest): Promise<string[]> {
  const lease = await leased(spool);
  const texts = textsOf(batchesIn(await read(lease)));
  await lease.done();
  return texts;
}
