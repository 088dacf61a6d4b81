import { seededRandom } from '@weir/core/world/random';
import { VirtualWorld } from '@weir/core/world/virtual';
import type { World } from '@weir/core/world/world';
import { MemoryDisk } from '@weir/segment-log/memory-disk';
import { type Fault, MemoryFiles, type Operation } from '@weir/segment-log/memory-files';
import { type DiskSpoolOptions, openDiskSpool } from './disk.ts';
import type { Lease, Spool } from './spool.ts';
import { testOptions } from './spool-examples.ts';

// The surroundings of the model test: a world whose wall clock steps, a disk that forgets and fails,
// and servers that are killed on it. What must hold is in spool.model.test.ts.

export const modelOptions: DiskSpoolOptions = {
  ...testOptions,
  directory: '/spool',
  bounds: { maxRequests: 10_000, maxBytes: 10_000_000, minFreeBytes: 0 },
  rules: { bytes: 2_000, events: 20, ageMs: 5_000 },
};

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time that moves by itself, a wall clock that is set forward and back, chance by a seed. */
export class ModelWorld implements World {
  readonly #virtual: VirtualWorld;
  readonly #random: () => number;
  stepMs = 0;

  constructor(seed: number) {
    this.#virtual = new VirtualWorld({ seed });
    this.#random = seededRandom(seed + 1_000_000).uniform;
  }

  now = (): number => this.#virtual.now();
  date = (): number => this.#virtual.date() + this.stepMs;
  random = (): number => this.#virtual.random();
  randomBytes = (count: number): Uint8Array => this.#virtual.randomBytes(count);
  after = (delayMs: number, task: () => void): (() => void) => this.#virtual.after(delayMs, task);

  /** Uniform whole number from 0 to below `end`: for the actions, not for what is tested. */
  pick(end: number): number {
    return Math.floor(this.#random() * end);
  }

  chance = (): number => this.#random();

  /** Lets some things happen. */
  async steps(count: number): Promise<void> {
    await settled();
    for (let i = 0; i < count && this.#virtual.step(); i += 1) await settled();
  }

  /** Lets things happen until `promise` has come to its end. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    promise.then(over, over);
    await settled();
    for (let i = 0; !isOver; i += 1) {
      if (i > 20_000 || !this.#virtual.step()) throw new Error('this never ends');
      await settled();
    }
    return promise;
  }

  async pass(ms: number): Promise<void> {
    await this.#virtual.settleAll(this.now() + ms);
  }
}

interface Armed {
  readonly operation: Operation;
  readonly fault: Fault;
  times: number;
}

/** A disk, what goes wrong on it, and the processes that were started on it. */
export class ModelMachine {
  readonly world: ModelWorld;
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly #armed: Armed[] = [];

  constructor(seed: number) {
    this.world = new ModelWorld(seed);
  }

  files(): MemoryFiles {
    const { world, disk } = this;
    return new MemoryFiles({
      disk,
      defer: (task) => world.after(world.pick(4), task),
      fault: (operation) => this.#faultOf(operation),
    });
  }

  /** The next operations of this kind go wrong. */
  arm(operation: Operation, fault: Fault, times: number): void {
    this.#armed.push({ operation, fault, times });
  }

  heal(): void {
    this.#armed.length = 0;
    this.disk.capacityBytes = Infinity;
  }

  /** How often something went wrong so far. */
  faults = 0;

  #faultOf(operation: Operation): Fault | undefined {
    const at = this.#armed.findIndex((armed) => armed.operation === operation);
    const armed = this.#armed[at];
    if (armed === undefined) return undefined;
    this.faults += 1;
    armed.times -= 1;
    if (armed.times === 0) this.#armed.splice(at, 1);
    return armed.fault;
  }
}

/** A process with a spool, from its start to its death. */
export class ModelServer {
  readonly spool: Spool;
  readonly warnings: readonly string[];
  readonly #files: MemoryFiles;
  /** Events by tenant: answered by this process, and delivered by it. */
  readonly accepted: Map<string, number> = new Map();
  readonly delivered: Map<string, number> = new Map();
  readonly leases: Lease[] = [];
  /** Appends and deliveries that have not come to their end. */
  readonly running: Set<Promise<unknown>> = new Set();
  isAlive = true;

  private constructor(spool: Spool, files: MemoryFiles, warnings: readonly string[]) {
    this.spool = spool;
    this.#files = files;
    this.warnings = warnings;
  }

  /** undefined where it did not come up, for a fault of its disk. */
  static async start(machine: ModelMachine): Promise<ModelServer | undefined> {
    const { world } = machine;
    const files = machine.files();
    const warnings: string[] = [];
    const { faults } = machine;
    const warn = (message: string) => warnings.push(message);
    const deps = { world, files, warn, counts: { commit: () => undefined } };
    try {
      const spool = await world.until(openDiskSpool(modelOptions, deps));
      return new ModelServer(spool, files, warnings);
    } catch (error) {
      files.kill();
      if (machine.faults > faults || machine.disk.capacityBytes < Infinity) return undefined;
      throw error;
    }
  }

  /** It told of something that may have cost keys, or room: a segment not read, or not removed. */
  get isImpaired(): boolean {
    return this.warnings.some((warning) => !/ended early|not begin|takes nothing/.test(warning));
  }

  track(running: Promise<unknown>): void {
    const tracked = running.finally(() => this.running.delete(tracked));
    this.running.add(tracked);
  }

  kill(): void {
    this.isAlive = false;
    this.#files.kill();
  }

  /** Until nothing it began is under way. */
  async quiet(world: ModelWorld): Promise<void> {
    await world.until(Promise.all(this.running));
  }
}
