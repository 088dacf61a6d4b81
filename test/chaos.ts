import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chaos } from './support/chaos.ts';

// npm run chaos -- --kills 200 [--faults]

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, faults: { type: 'boolean' } },
});
const faulty = fileURLToPath(new URL('./support/faulty-weir.ts', import.meta.url));
const result = await chaos({
  kills: Number(values.kills),
  log: console.log,
  ...(values.faults ? { program: faulty } : {}),
});
const { lost, doubled, unwanted, verify, ledgerDifference } = result;
console.log(`${values.kills} kills, ${result.acknowledged} events acknowledged`);
console.log(
  `lost ${lost.length}, stored twice ${doubled.length}, refused yet stored ${unwanted.length}`,
);
console.log(`never answered and not sent again: ${result.unknown}`);
console.log(`ledger difference ${ledgerDifference}; weir verify ended with ${verify.code}`);
console.log(verify.text);
const clean =
  lost.length + doubled.length + unwanted.length + ledgerDifference === 0 && verify.code === 0;
process.exitCode = clean ? 0 : 1;
