import { systemWorld } from '@weir/core/world/system';
import { nodeFiles } from '@weir/segment-log/node-files';
import { openDiskSpool } from './disk.ts';
import { batchOf, keyedBatch, taken, testOptions } from './spool-examples.ts';

// A process for disk.test.ts to kill: takes the batches it is told, then says so and waits.

const [directory = '', ...words] = process.argv.slice(2);
const key = words.find((word) => word.startsWith('--key='))?.slice('--key='.length);
const texts = words.filter((word) => !word.startsWith('--key='));
const spool = await openDiskSpool(
  { ...testOptions, directory },
  {
    world: systemWorld,
    files: nodeFiles,
    warn: (message) => process.emitWarning(message),
    counts: { commit: () => undefined },
  },
);
for (const [i, text] of texts.entries()) {
  await taken(spool, key !== undefined && i === 0 ? keyedBatch(text, key) : batchOf(text));
}
process.send?.('ready');
