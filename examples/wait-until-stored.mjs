// Waits until an event is in the object store, asks where, and reads the line back.
// The last step reads the directory store on this machine; it needs Node 22.15 or later for zstd.
//
//   WEIR_API_KEY=$(cat data/dev-key) node examples/wait-until-stored.mjs

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

const url = process.env.WEIR_URL ?? 'http://127.0.0.1:8080';
const store = join(process.env.WEIR_DATA_DIR ?? 'data', 'store');
const authorization = `Bearer ${process.env.WEIR_API_KEY}`;

const response = await fetch(`${url}/v1/events`, {
  method: 'POST',
  headers: { authorization, 'content-type': 'application/json', prefer: 'wait=10' },
  body: JSON.stringify({ type: 'order.paid', data: { cents: 1900 } }),
});
const reply = await response.json();
if (!response.ok) throw new Error(`${reply.code}: ${reply.detail}`);

// 200: it is stored. 202: it is safe, and not stored yet; so ask again, and wait a little longer.
const status = await receiptOf(reply.receipt, response.status === 200 ? 0 : 30);
console.log(`${reply.receipt} is ${status.state}`);

for (const { object, line } of status.events) {
  console.log(`line ${line} of ${object}`);
  const lines = zstdDecompressSync(await readFile(join(store, object)))
    .toString()
    .split('\n');
  console.log(lines[line - 1]);
}

async function receiptOf(receipt, waitSeconds) {
  const asked = await fetch(`${url}/v1/receipts/${receipt}?wait=${waitSeconds}`, {
    headers: { authorization },
  });
  const found = await asked.json();
  if (!asked.ok) throw new Error(`${found.code}: ${found.detail}`);
  return found;
}
