import { parentPort, workerData } from 'node:worker_threads';
import type { Vector } from './side.ts';
import { type SideRecipe, sideOf } from './sides.ts';

/** What a thread is asked, and what it answers. */
export interface Question {
  readonly id: number;
  readonly vector: Vector;
  readonly seeds: readonly number[];
}
export interface Answer {
  readonly id: number;
  /** By seed: the value of each aim. */
  readonly values: readonly (readonly number[])[];
}

const side = sideOf(workerData as SideRecipe);
parentPort?.on('message', ({ id, vector, seeds }: Question) => {
  const values = seeds.map((seed) => side.evaluate(vector, seed));
  parentPort?.postMessage({ id, values } satisfies Answer);
});
