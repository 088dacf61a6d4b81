import { setTimeout as sleep } from 'node:timers/promises';
import { type Arguments, readArguments } from './arguments.ts';
import { startControl } from './control.ts';
import { startS3Double } from './server.ts';

// node packages/s3-double/src/main.ts --bucket b --access-key k --secret s --seed 7 --slow-down 0.3
// Prints where it listens, then serves until SIGTERM or SIGINT.
const { double: options, controlPort, outage } = understand(process.argv.slice(2));
const double = await startS3Double(options);
const control = await startControl(double, controlPort);

const stop = async () => {
  await control.close();
  await double.close();
};
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());

const ready = { msg: 'ready', endpoint: double.endpoint, control: control.url };
process.stdout.write(`${JSON.stringify(ready)}\n`);
if (outage !== undefined) {
  await sleep(outage.afterMs, undefined, { ref: false });
  await double.outage(outage.kind, outage.forMs);
}

/** Ends with status 2 and a sentence where the arguments make no sense. */
function understand(args: readonly string[]): Arguments {
  try {
    return readArguments(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}
