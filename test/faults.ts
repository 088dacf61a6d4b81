import { parseArgs } from 'node:util';
import { type Outcome, runSchedule } from '@weir/server/fault-schedules/schedule.model';

// npm run faults -- --count 1000 [--from 1]
// npm run faults -- --seed 417

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});
const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.count) : 1;
const total = { batches: 0, events: 0, refusals: 0, crashes: 0, letters: 0, requests: 0 };
const most = { drainMs: 0, lastedMs: 0 };
const failed: number[] = [];
for (let seed = from; seed < from + count; seed += 1) {
  const outcome = await runSchedule(seed);
  add(outcome);
  if (outcome.wrong.length > 0) {
    failed.push(seed);
    console.log(`seed ${seed} (npm run faults -- --seed ${seed}):`);
    for (const line of outcome.wrong.slice(0, 10)) console.log(`  ${line}`);
  }
  if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} of ${count}`);
}
console.log({ schedules: count, ...total, ...most, failed });
process.exitCode = failed.length === 0 ? 0 : 1;

function add(outcome: Outcome): void {
  for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += outcome[name];
  for (const name of Object.keys(most) as (keyof typeof most)[]) {
    most[name] = Math.max(most[name], outcome[name]);
  }
}
