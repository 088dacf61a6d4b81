import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Vector } from './side.ts';
import type { SideRecipe } from './sides.ts';
import type { Answer, Question } from './worker.ts';

type Values = Answer['values'];

interface Waiting {
  readonly resolve: (values: Values) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that evaluate, one for each core. Questions wait in the order in which they were asked. */
export class Evaluators {
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #asked: Question[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;

  constructor(recipe: SideRecipe, threads: number = availableParallelism()) {
    for (let i = 0; i < threads; i += 1) this.#start(recipe);
  }

  /** The values of all aims, seed by seed. Rejects where a thread broke. */
  evaluate(vector: Vector, seeds: readonly number[]): Promise<Values> {
    const id = this.#ids;
    this.#ids += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#asked.push({ id, vector, seeds });
      this.#lend();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(recipe: SideRecipe): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: recipe });
    worker.on('message', ({ id, values }: Answer) => {
      this.#waiting.get(id)?.resolve(values);
      this.#waiting.delete(id);
      this.#idle.push(worker);
      this.#lend();
    });
    worker.on('error', (error: Error) => {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    this.#workers.push(worker);
    this.#idle.push(worker);
  }

  #lend(): void {
    while (this.#idle.length > 0 && this.#asked.length > 0) {
      this.#idle.pop()?.postMessage(this.#asked.shift());
    }
  }
}
