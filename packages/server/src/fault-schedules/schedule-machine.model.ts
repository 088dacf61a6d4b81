import { sleep } from '@weir/core/world/sleep';
import type { VirtualWorld } from '@weir/core/world/virtual';
import type { Ms } from '@weir/core/world/world';
import { MemoryDisk } from '@weir/segment-log/memory-disk';
import { type Fault, MemoryFiles, type Operation } from '@weir/segment-log/memory-files';
import type { DiskSpoolOptions } from '../spool/disk.ts';
import { S3Store } from '../store/s3.ts';
import { MemoryBucket } from './memory-bucket.model.ts';
import { MortalWorld } from './mortal-world.model.ts';
import type { Sabotage } from './sabotage.model.ts';

/** What is as it is for the whole of a schedule. */
export interface Surroundings {
  readonly spool: DiskSpoolOptions;
  readonly maxWorkers: number;
  readonly maxConcurrency: number;
  readonly attemptMs: Ms;
  /** How far into its hour the schedule begins. */
  readonly clockAheadMs: Ms;
  /** Share of removals of segments that fail. */
  readonly unlinkFails: number;
}

/** A disk, a bucket and the time in which both live, beyond the death of any process. */
export class Machine {
  readonly world: VirtualWorld;
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly bucket: MemoryBucket;
  readonly surroundings: Surroundings;
  readonly sabotage: Sabotage | undefined;
  /** What a person would have been told, or would not have wanted to be told. */
  readonly alarms: string[] = [];
  isMended = false;

  constructor(world: VirtualWorld, surroundings: Surroundings, sabotage: Sabotage | undefined) {
    this.world = world;
    this.surroundings = surroundings;
    this.sabotage = sabotage;
    this.bucket = new MemoryBucket(world);
  }

  mortal(): MortalWorld {
    return new MortalWorld(this.world, this.surroundings.clockAheadMs);
  }

  /** The adapter that runs in servers, over the bucket in memory. */
  store(own: MortalWorld): S3Store {
    const { attemptMs, maxConcurrency } = this.surroundings;
    return S3Store.over(
      this.bucket.client(() => own.isAlive),
      { ...place, attemptMs, maxConcurrency, world: own },
    );
  }

  files(): MemoryFiles {
    const { world, disk } = this;
    return new MemoryFiles({
      disk,
      defer: (task) => world.after(3 * world.random(), task),
      fault: (operation, path) => this.#faultOf(operation, path),
    });
  }

  /** Lets so many things happen, or fewer where there are no more. */
  async steps(count: number): Promise<void> {
    await settled();
    for (let i = 0; i < count && this.world.step(); i += 1) await settled();
  }

  async pass(ms: Ms): Promise<void> {
    await this.world.settleAll(this.world.now() + ms);
  }

  /** Lets things happen until `isSo`; false where that takes longer than `withinMs`. */
  async until(withinMs: Ms, isSo: () => boolean): Promise<boolean> {
    const endMs = this.world.now() + withinMs;
    await settled();
    while (!isSo()) {
      if (!this.world.step(endMs)) return false;
      await settled();
    }
    return true;
  }

  #faultOf(operation: Operation, path: string): Fault | undefined {
    if (operation !== 'unlink' || this.isMended || !path.endsWith('.seg')) return undefined;
    const { unlinkFails } = this.surroundings;
    return this.world.random() < unlinkFails ? { code: 'EIO' } : undefined;
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const place = {
  bucket: 'weir',
  endpoint: 'memory',
  region: 'us-east-1',
  pathStyle: true,
  prefix: '',
  sse: undefined,
  sseKmsKeyId: undefined,
  storageClass: undefined,
} as const;

/** Resolves after `ms` of a process's own time. */
export async function lapse(own: MortalWorld, ms: Ms): Promise<void> {
  await sleep(own, ms, new AbortController().signal);
}
