import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startS3Double } from '@weir/s3-double/server';
import { type Aftermath, type ChaosOptions, chaos } from './support/chaos.ts';
import { chaosBucket } from './support/chaos-bucket.ts';

// npm run chaos -- --kills 200 [--faults]
// npm run chaos -- --s3 --kills 40 [--seed 7] [--outage-ms 60000]

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    faults: { type: 'boolean' },
    s3: { type: 'boolean' },
    seed: { type: 'string', default: `${randomInt(2 ** 31)}` },
    'outage-ms': { type: 'string', default: '60000' },
  },
});
const kills = Number(values.kills ?? (values.s3 ? 40 : 200));
const result = values.s3 ? await withBucket() : await withFolder();
const { lost, doubled, unwanted, verify, ledgerDifference } = result;
console.log(`${kills} kills, ${result.acknowledged} events acknowledged`);
console.log(
  `lost ${lost.length}, stored twice ${doubled.length}, refused yet stored ${unwanted.length}`,
);
console.log(`never answered and not sent again: ${result.unknown}`);
console.log('answers by status:', Object.fromEntries(result.statuses));
console.log(`ledger difference ${ledgerDifference}; weir verify ended with ${verify.code}`);
console.log(verify.text);
const clean =
  lost.length + doubled.length + unwanted.length + ledgerDifference === 0 && verify.code === 0;
process.exitCode = clean ? 0 : 1;

/** A folder as the store; with `--faults`, one that fails or is slow half of the time. */
async function withFolder(): Promise<Aftermath> {
  const faulty = fileURLToPath(new URL('./support/faulty-weir.ts', import.meta.url));
  const options: ChaosOptions = { kills, log: console.log };
  return await chaos(values.faults ? { ...options, program: faulty } : options);
}

/** A bucket that misbehaves as the seed has it, and is gone for a minute in the middle. */
async function withBucket(): Promise<Aftermath> {
  const seed = Number(values.seed);
  console.log(`the bucket misbehaves as --seed ${seed} has it`);
  await using double = await startS3Double({ seed });
  const outage = { kill: Math.ceil(kills / 2), ms: Number(values['outage-ms']) };
  const result = await chaos({
    kills,
    log: console.log,
    store: chaosBucket(double, { seed, outage }),
  });
  const { requests, errors, troubles, commits, replaced } = double.counts;
  console.log('asked of the bucket:', requests, 'troubles:', troubles, 'errors:', errors);
  console.log(`${commits} objects made, ${replaced} of them over another`);
  return result;
}
