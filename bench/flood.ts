import { type PacedLoad, PacedSender } from './paced-sender.ts';

// A process of its own for the flood, so that it takes nothing from the one that measures.

const load = JSON.parse(process.argv[2] ?? '') as PacedLoad;
const sender = new PacedSender(load);
await sender.open();
await sender.run(0.5);
process.on('message', (seconds: number) => {
  void sender.run(seconds).then(({ statuses }) => process.send?.(statuses));
});
process.send?.('ready');
