import { seededRandom } from '@weir/core/world/random';
import { ln } from '@weir/core/world/transcendental';
import type { Ms } from '@weir/core/world/world';
import type { OccScenario } from '../scenario.ts';
import type { Backoff, MakesBackoff } from './aws-backoff.ts';

/** What it took until every client had its one write. */
export interface Contest {
  readonly lastMs: Ms;
  /** Writes that were tried, successful ones included. */
  readonly calls: number;
}

/**
 * One run of the simulator of aws-samples/aws-arch-backoff-simulator (66cb169): `clients` read the
 * version of a row, write if it is still the same, and on a conflict back off and read again. Every
 * hop takes |Normal(mean, deviation)|.
 */
export function optimisticWriters(
  { hopMs, baseMs, capMs }: OccScenario,
  clients: number,
  makes: MakesBackoff,
  seed: number,
): Contest {
  const { uniform } = seededRandom(seed);
  const normal = normalOf(uniform);
  const hop = (): Ms => Math.abs(hopMs.mean + hopMs.deviation * normal());
  const row = new Row(clients, () => makes({ baseMs, capMs }, uniform), hop);
  let lastMs = 0;
  for (let left = clients; left > 0; ) {
    const repliedMs = row.step();
    if (repliedMs === undefined) continue;
    lastMs = Math.max(lastMs, repliedMs);
    left -= 1;
  }
  return { lastMs, calls: row.calls };
}

/** The row, and for each client the one message that is on its way to it. */
class Row {
  calls = 0;
  readonly #hop: () => Ms;
  readonly #atMs: Float64Array;
  /** The version that was read, or -1 where a read is on its way. */
  readonly #seen: Int32Array;
  readonly #attempts: Int32Array;
  readonly #backoffs: readonly Backoff[];
  #version = 0;

  constructor(clients: number, makes: () => Backoff, hop: () => Ms) {
    this.#hop = hop;
    this.#atMs = new Float64Array(clients);
    this.#seen = new Int32Array(clients).fill(-1);
    this.#attempts = new Int32Array(clients);
    this.#backoffs = Array.from({ length: clients }, makes);
    for (let i = 0; i < clients; i += 1) this.#atMs[i] = hop();
  }

  /** Takes in the next message; returns when its sender has read that its write succeeded. */
  step(): Ms | undefined {
    const client = this.#next();
    const nowMs = this.#atMs[client] as number;
    if (this.#seen[client] === -1) {
      this.#seen[client] = this.#version;
      this.#atMs[client] = nowMs + this.#hop() + this.#hop();
      return undefined;
    }
    this.calls += 1;
    if (this.#seen[client] === this.#version) {
      this.#version += 1;
      this.#atMs[client] = Infinity;
      return nowMs + this.#hop();
    }
    const attempt = (this.#attempts[client] as number) + 1;
    this.#attempts[client] = attempt;
    this.#seen[client] = -1;
    const waitMs = (this.#backoffs[client] as Backoff)(attempt);
    this.#atMs[client] = nowMs + this.#hop() + this.#hop() + waitMs;
    return undefined;
  }

  // A look at each: with 200 clients as quick as a heap, and a good deal plainer.
  #next(): number {
    const atMs = this.#atMs;
    let client = 0;
    let leastMs = atMs[0] as number;
    for (let i = 1; i < atMs.length; i += 1) {
      if ((atMs[i] as number) < leastMs) {
        leastMs = atMs[i] as number;
        client = i;
      }
    }
    return client;
  }
}

/** Standard normal numbers by the polar method (G. Marsaglia and T. Bray, SIAM Review 6, 1964). */
function normalOf(uniform: () => number): () => number {
  let kept: number | undefined;
  return () => {
    if (kept !== undefined) {
      const value = kept;
      kept = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * ln(square)) / square);
      kept = y * factor;
      return x * factor;
    }
  };
}

/** The mean of `runs` contests, each with a seed of its own. */
export function contestMeans(
  scenario: OccScenario,
  clients: number,
  makes: MakesBackoff,
  seed: number,
): { readonly meanMs: Ms; readonly meanCalls: number } {
  let ms = 0;
  let calls = 0;
  for (let run = 0; run < scenario.runs; run += 1) {
    const contest = optimisticWriters(scenario, clients, makes, seed * 1_000_003 + run);
    ms += contest.lastMs;
    calls += contest.calls;
  }
  return { meanMs: ms / scenario.runs, meanCalls: calls / scenario.runs };
}
