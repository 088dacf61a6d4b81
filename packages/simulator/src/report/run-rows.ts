import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RowJob, RowResult } from './row-job.ts';

/**
 * Runs all jobs on all cores, in whatever order they end. The results come in the order of the
 * jobs, and do not depend on how many cores there are.
 */
export async function runRows(
  jobs: readonly RowJob[],
  tell: (done: number) => void,
): Promise<readonly RowResult[]> {
  const results = new Array<RowResult>(jobs.length);
  let next = 0;
  let done = 0;
  const work = async () => {
    const worker = new Worker(new URL('./row-job.ts', import.meta.url), { workerData: 'rows' });
    try {
      while (next < jobs.length) {
        const index = next;
        next += 1;
        results[index] = await ask(worker, jobs[index] as RowJob);
        done += 1;
        tell(done);
      }
    } finally {
      await worker.terminate();
    }
  };
  const workers = Math.min(availableParallelism(), jobs.length);
  await Promise.all(Array.from({ length: workers }, work));
  return results;
}

function ask(worker: Worker, job: RowJob): Promise<RowResult> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (result: RowResult) => {
      worker.off('error', reject);
      resolve(result);
    });
    worker.postMessage(job);
  });
}
