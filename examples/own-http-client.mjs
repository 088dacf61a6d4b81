// The pace alone: requests of your own, with fetch, that use a whole quota and hardly meet a 429.
//
//   WEIR_API_KEY=$(cat data/dev-key) node_modules/.bin/node examples/own-http-client.mjs

import { Pacer } from '@weir/client/throttle';

const url = process.env.WEIR_URL ?? 'http://127.0.0.1:8080';
const pacer = new Pacer();
const statuses = {};

await Promise.all(
  Array.from({ length: 20 }, async (_, n) => {
    const response = await pacer.fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${process.env.WEIR_API_KEY}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ type: 'own.request', data: { n } }),
    });
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
  }),
);
console.log(JSON.stringify(statuses), pacer.snapshot().waitingFor);
