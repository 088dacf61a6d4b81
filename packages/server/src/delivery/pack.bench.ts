import { constants, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { LineCutter } from './cut-lines.ts';
import { Lines } from './lines.ts';
import { pack } from './pack.ts';
import { exampleBatch, exampleHeader, exampleMs, segmentOf } from './segment-of.ts';

const count = 4_000;

/** About 1 KB of JSON, no two alike. */
function eventOf(n: number) {
  const items = Array.from({ length: 7 }, (_, i) => ({
    sku: `SKU-${(n * 7_919 + i * 104_729) % 1_000_003}`,
    name: `Product number ${(n * 31 + i) % 997}`,
    price: ((n * 17 + i * 29) % 9_973) / 7,
    quantity: i,
  }));
  const agent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0';
  const note = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.';
  return { type: 'order.paid', data: { user: `u-${n * 2_654_435_761}`, items, agent, note } };
}

const bodiesOf = (indent: number) =>
  Array.from({ length: count }, (_, n) => Buffer.from(JSON.stringify(eventOf(n), null, indent)));

const added = { specversion: '1.0', source: '/tenants/acme', weirtenant: 'acme' };

// The stored line could also be made by parsing the event and writing it anew, which is what
// changes numbers and repeated names. Cutting must be the cheaper way as well.
test('lines of 4,000 events of 1 KB', async ({ bench }) => {
  const [compact, pretty] = [bodiesOf(0), bodiesOf(2)] as const;
  const lines = new Lines(16 * 1024 * 1024);
  const cutter = new LineCutter(exampleHeader);
  const batch = { ...exampleBatch(), arrivedAtMs: exampleMs };
  const cut = (bodies: readonly Buffer[]) => {
    lines.length = 0;
    for (const [n, body] of bodies.entries()) cutter.cut({ ...batch, body }, n, n, lines);
  };
  const results = await bench.compare(
    bench('cut, compact', () => cut(compact)),
    bench('cut, pretty-printed', () => cut(pretty)),
    bench('parsed and written anew, compact', () => {
      for (const body of compact) {
        const event = JSON.parse(body.toString('utf8')) as object;
        Buffer.from(JSON.stringify({ ...event, ...added }));
      }
    }),
  );
  const anew = results.get('parsed and written anew, compact').latency.min;
  expect(results.get('cut, compact').latency.min).toBeLessThan(anew / 2);
});

test('objects of a segment of 4,000 events of 1 KB', async ({ bench }) => {
  const bodies = bodiesOf(0);
  const segmentOfTenants = (tenants: number) =>
    segmentOf(bodies.map((body, n) => exampleBatch({ body, tenant: `t${n % tenants}` })));
  const [one, many] = [segmentOfTenants(1), segmentOfTenants(1_000)] as const;
  const results = await bench.compare(
    bench('one tenant', () => void pack(one)),
    bench('a thousand tenants', () => void pack(many)),
    bench('parsed, written anew and compressed, without reading a segment', () => {
      const lines = bodies.map((body) => {
        const event = JSON.parse(body.toString('utf8')) as object;
        return JSON.stringify({ ...event, ...added });
      });
      zstdCompressSync(lines.join('\n'), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    }),
  );
  // The quickest rounds: other work on the machine slows some, and speeds up none.
  const anew = 'parsed, written anew and compressed, without reading a segment';
  const quickest = results.get(anew).latency.min;
  expect(results.get('one tenant').latency.min).toBeLessThan(1.2 * quickest);
});
