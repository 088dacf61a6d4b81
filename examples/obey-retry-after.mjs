// Sends until the answer is known: obeys Retry-After, backs off from faults, and names each request
// with an Idempotency-Key, so that sending it again never stores it twice.
//
//   WEIR_API_KEY=$(cat data/dev-key) node examples/obey-retry-after.mjs

import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const url = process.env.WEIR_URL ?? 'http://127.0.0.1:8080';

for (let n = 1; n <= 5; n += 1) {
  const reply = await send({ type: 'job.done', data: { n } });
  console.log(`event ${n}: receipt ${reply.receipt}`);
}

async function send(event) {
  const body = JSON.stringify(event); // made once: the same key must come with the same bytes
  const headers = {
    authorization: `Bearer ${process.env.WEIR_API_KEY}`,
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
  };
  for (let failures = 0; failures < 6; ) {
    const response = await fetch(`${url}/v1/events`, { method: 'POST', headers, body }).catch(
      () => undefined, // no answer: it may have been stored, and the key will tell
    );
    if (response?.ok) return await response.json();

    const problem = await response?.json().catch(() => undefined);
    const mayPass = [undefined, 408, 429, 500, 503].includes(response?.status);
    if (!mayPass) throw new Error(`${problem?.code}: ${problem?.detail}`);

    // A 429 says when the request passes: being paced is no failure. Anything else backs off.
    const isPaced = response?.status === 429;
    if (!isPaced) failures += 1;
    const jitterMs = isPaced ? 0 : randomInt(100 * 2 ** failures);
    const waitMs = Number(response?.headers.get('retry-after-ms') ?? 0) + jitterMs;
    console.log(`${problem?.code ?? 'no answer'}: waiting ${waitMs} ms`);
    await sleep(waitMs);
  }
  throw new Error('gave up: it may have been stored, so keep its key to ask again');
}
