import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Batch, decodeRecord, encodeMeta } from '../spool/record.ts';
import { readFacts } from './record-facts.ts';
import { exampleBatch } from './segment-of.ts';

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
const changes: fc.Arbitrary<Partial<Batch>> = fc.record(
  {
    tenant: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,62}$/),
    keyId: fc.stringMatching(/^[a-z0-9]{12}$/),
    accepted: fc.integer({ min: 1, max: 10_000 }),
    traceparent: fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    attributes: fc.constant({ type: 'é' }),
    idempotency: fc.record({ key: sixteen, body: sixteen }),
    body: fc.uint8Array(),
  },
  { requiredKeys: [] },
);

test('tells of any record what decoding it tells', () => {
  fc.assert(
    fc.property(
      changes,
      fc.boolean(),
      fc.nat(),
      fc.nat(9),
      (given, perEvent, arrivedAtMs, before) => {
        const { accepted = 1 } = given;
        const missing = perEvent ? new Uint8Array(accepted) : 15;
        const batch = exampleBatch({ ...given, missing });
        const payload = Buffer.concat([encodeMeta(batch, arrivedAtMs), batch.body]);
        const { tenant, body } = decodeRecord(payload);
        const within = Buffer.concat([Buffer.alloc(before), payload, Buffer.alloc(9)]);
        expect(readFacts(within, before, before + payload.length)).toEqual({
          tenant,
          accepted: decodeRecord(payload).accepted,
          arrivedAtMs,
          bodyBytes: body.length,
        });
      },
    ),
  );
});
