import { writeSync } from 'node:fs';
import { IngestClient } from '@weir/client';

// Sends with a spool until it is killed; tells each event that is safe on its disk, one id a line.

const [run = '0', dir = '', isLast = ''] = process.argv.slice(2);
const client = new IngestClient({ spool: { dir }, maxBatchEvents: 20, lingerMs: 5 });
client.on('error', ({ error }) => writeSync(2, `${error.message}\n`));
let number = 0;

async function sendOne(): Promise<void> {
  number += 1;
  const id = `${run}-${number}`;
  await client.send('n', { number }, { id, ack: 'spooled' });
  writeSync(1, `${id}\n`);
}

if (isLast === 'last') {
  await sendOne();
  await client.flush({ timeoutMs: 60_000 });
  await client.close();
} else {
  for (;;) await Promise.all(Array.from({ length: 8 }, sendOne));
}
