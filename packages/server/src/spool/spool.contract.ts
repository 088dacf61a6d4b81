import { parseReceipt, type Receipt, type ReceiptId } from '@weir/core/wire/receipt';
import { isRefusal } from '@weir/core/wire/refusal';
import type { VirtualWorld } from '@weir/core/world/virtual';
import { describe, expect, test } from 'vitest';
import { hashBody, hashKey } from './idempotency.ts';
import type { Batch, StoredBatch } from './record.ts';
import { readSegment } from './segment-reader.ts';
import type { SpoolOptions } from './segmented-spool.ts';
import type { Lease, Slot, Spool } from './spool.ts';

export interface SpoolUnderTest {
  readonly spool: Spool;
  readonly world: VirtualWorld;
  /** All bytes of a leased segment. */
  read(lease: Lease): Promise<Uint8Array>;
}

export type MakeSpool = (options: SpoolOptions) => Promise<SpoolUnderTest>;

export const testOptions: SpoolOptions = {
  bounds: { maxRequests: 100, maxBytes: 100_000 },
  rules: { bytes: 10_000, events: 50, ageMs: 10_000 },
  header: {
    template: 'tenant={tenant}/{writer}-{segment}',
    codec: 'zstd',
    level: 3,
    maxObjects: 16,
    ownObjectBytes: 4_000,
  },
  idempotency: { windowMs: 600_000, maxKeys: 1_000 },
};

export function batchOf(text: string, tenant = 'acme'): Batch {
  return {
    tenant,
    keyId: 'key0key0key0',
    shape: 'event',
    accepted: 1,
    rejected: [],
    missing: 15,
    body: Buffer.from(text),
  };
}

export function keyedBatch(text: string, key: string): Batch {
  const body = Buffer.from(text);
  const idempotency = { key: hashKey('acme', key), body: hashBody(body) };
  return { ...batchOf(text), idempotency };
}

export function reserved(spool: Spool, bytes: number): Slot {
  const slot = spool.reserve(bytes);
  if (isRefusal(slot)) throw new Error(`refused: ${slot.refused}`);
  return slot;
}

export async function taken(spool: Spool, batch: Batch): Promise<Receipt> {
  const answer = await reserved(spool, batch.body.length).append(batch);
  if (isRefusal(answer)) throw new Error(`refused: ${answer.refused}`);
  return answer;
}

const idOf = ({ receipt }: Receipt) => parseReceipt(receipt) as ReceiptId;

/** What every spool must do. Each adapter's test calls this and adds only its own cases. */
export function spoolContract(make: MakeSpool): void {
  const { signal } = new AbortController();

  const leased = async ({ spool }: SpoolUnderTest): Promise<Lease> => {
    const lease = await spool.lease(signal);
    if (lease === undefined) throw new Error('nothing to lease');
    return lease;
  };
  const batchesOf = async (under: SpoolUnderTest, lease: Lease): Promise<StoredBatch[]> => [
    ...readSegment(await under.read(lease)).batches(),
  ];

  describe('spool contract', () => {
    test('lends what it took as it was given, in order, and forgets it when done', async () => {
      const under = await make(testOptions);
      const { spool } = under;
      const first = await taken(spool, batchOf('{"n":1}'));
      const second = await taken(spool, batchOf('{"n":2}', 'globex'));
      expect(spool.status()).toMatchObject({ requests: 2, events: 2, segments: 1 });
      await spool.seal();

      const lease = await leased(under);
      const batches = await batchesOf(under, lease);
      expect(batches.map(({ tenant, body }) => [tenant, body.toString()])).toEqual([
        ['acme', '{"n":1}'],
        ['globex', '{"n":2}'],
      ]);
      expect([idOf(first), idOf(second)]).toEqual([
        { writer: lease.writer, segment: lease.segment, ordinal: 0 },
        { writer: lease.writer, segment: lease.segment, ordinal: 1 },
      ]);
      expect(spool.holds(idOf(second))).toBe(true);
      expect(spool.holds({ ...idOf(second), ordinal: 2 })).toBe(false);

      await lease.done();
      expect(spool.holds(idOf(second))).toBe(false);
      expect(spool.status()).toMatchObject({ requests: 0, events: 0, bytes: 0, segments: 0 });
    });
  });
}
