// A function that its host freezes as soon as it has answered: the client hands the host a promise.
//
//   WEIR_API_KEY=$(cat data/dev-key) node_modules/.bin/node examples/client-serverless.mjs

import { IngestClient } from '@weir/client';

/** Made once, outside of the handler: pace, connections and books live across calls. */
let context;
const client = new IngestClient({ waitUntil: (promise) => context.waitUntil(promise) });

async function handler(request, host) {
  context = host;
  client.track('function.called', { path: request.path });
  return { status: 200 };
}

// What a host does: calls, answers, and freezes when the promises that it was given are settled.
for (const path of ['/a', '/b', '/c']) {
  const promises = [];
  const { status } = await handler({ path }, { waitUntil: (promise) => promises.push(promise) });
  await Promise.all(promises);
  console.log(`${path}: ${status}, ${client.stats().acked} taken so far`);
}
