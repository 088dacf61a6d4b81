import { runProcesses, runScenario } from './support/scenario.ts';

// npm run scenario: the client on a small quota, whole: one process, four processes, and servers that
// tell less.

const one = { batches: 300, eventsPerBatch: 10, perSecond: 10, burst: 10 };
for (const headers of ['all', 'retry-after', 'status'] as const) {
  const result = await runScenario({ ...one, headers });
  console.log(`one process, ${headers}: ${JSON.stringify(result)}`);
}
const four = await runProcesses(4, { batches: 375, eventsPerBatch: 10, perSecond: 50, burst: 10 });
console.log(`four processes: ${JSON.stringify(four)}`);
