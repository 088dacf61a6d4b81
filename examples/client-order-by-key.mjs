// Events of one order arrive in their order, though requests go out side by side.
//
//   WEIR_API_KEY=$(cat data/dev-key) node_modules/.bin/node examples/client-order-by-key.mjs

import { IngestClient } from '@weir/client';

await using client = new IngestClient({ maxBatchEvents: 2 });
const orders = ['o-1', 'o-2', 'o-3'];

for (const step of ['placed', 'paid', 'packed', 'shipped']) {
  for (const order of orders) {
    client.track(`order.${step}`, { order }, { orderingKey: order });
  }
}

const { acked } = await client.flush();
console.log(`${acked} events taken; those of one order in the order of their steps`);
