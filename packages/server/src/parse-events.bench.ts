import { expect, test } from 'vitest';
import { parseEvents } from './parse-events.ts';

const limits = {
  bodyBytes: 8 << 20,
  decodedBytes: 32 << 20,
  eventBytes: 256 << 10,
  events: 10_000,
};

/** An order of exactly 1 KB. */
const order = (() => {
  const lines = [
    { sku: 'A-1', n: 2, price: 30 },
    { sku: 'B-2', n: 1, price: 69.95 },
  ];
  const address = { street: 'Long Street 12', zip: '12345', city: 'Town' };
  const customer = { name: 'Some One', email: 'some@one.example', address };
  const data = { id: 12_345, total: 129.95, currency: 'EUR', lines, customer, note: '' };
  const time = '2026-01-31T12:00:00.123Z';
  const event = { type: 'order.paid', id: '01890a5d-ac96-774b', source: '/shop/eu', time, data };
  data.note = 'x'.repeat(1_024 - JSON.stringify(event).length);
  return Buffer.from(JSON.stringify(event));
})();

/** A hundred page views of about 256 bytes. */
const views = Array.from({ length: 100 }, (_, i) => {
  const data = { url: `/a/b/${i}`, user: i, agent: 'Mozilla/5.0 (some)', flags: [1, 2, 3] };
  const event = { type: 'page.view', id: `01890a5d-ac96-774b-${i}`, data: { ...data, pad: '' } };
  event.data.pad = 'y'.repeat(255 - JSON.stringify(event).length);
  return JSON.stringify(event);
});
const array = Buffer.from(`[${views}]`);
const lines = Buffer.from(views.join('\n'));

test('one event of 1 KB: checked against merely parsed', async ({ bench }) => {
  const results = await bench.compare(
    bench('JSON.parse', () => void JSON.parse(order.toString('utf8'))),
    bench('parseEvents', () => void parseEvents(order, { form: 'json' }, limits)),
  );
  const ratio =
    results.get('JSON.parse').throughput.p50 / results.get('parseEvents').throughput.p50;
  expect(ratio).toBeLessThan(2); // 1.1: one long string is what JSON.parse is fastest at
});

test('a hundred events of 256 B: checked against merely parsed', async ({ bench }) => {
  const results = await bench.compare(
    bench('JSON.parse', () => void JSON.parse(array.toString('utf8'))),
    bench('parseEvents, array', () => void parseEvents(array, { form: 'json' }, limits)),
    bench('parseEvents, lines', () => void parseEvents(lines, { form: 'ndjson' }, limits)),
    bench('parseEvents, one by one', () => {
      void parseEvents(array, { form: 'json' }, { ...limits, eventBytes: 10_000 });
    }),
  );
  const parsed = results.get('JSON.parse').throughput.p50;
  expect(parsed / results.get('parseEvents, array').throughput.p50).toBeLessThan(1.5); // 0.7
  expect(parsed / results.get('parseEvents, lines').throughput.p50).toBeLessThan(1.5); // 0.8
});
