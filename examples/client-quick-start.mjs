// Sends events with the client: it batches, paces and repeats by itself.
//
//   WEIR_API_KEY=$(cat data/dev-key) node_modules/.bin/node examples/client-quick-start.mjs

import { IngestClient, isWeirError } from '@weir/client';

await using client = new IngestClient({ baseUrl: process.env.WEIR_URL ?? 'http://127.0.0.1:8080' });

client.track('page.viewed', { path: '/pricing' }); // returns at once

try {
  const receipt = await client.send('order.paid', { cents: 1900 }, { subject: 'o-1' });
  const { key, line } = await receipt.stored();
  console.log(`stored: line ${line} of ${key}`);
} catch (error) {
  if (!isWeirError(error)) throw error;
  console.log(`${error.code}: ${error.message}`);
}

const { acked, rejected, dropped } = await client.flush();
console.log(`since then: ${acked} taken, ${rejected} rejected, ${dropped} dropped`);
