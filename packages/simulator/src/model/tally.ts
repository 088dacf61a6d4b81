import type { Ms, Us } from '@weir/core/world/world';
import type { Timeline } from '../run.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const windowUs = 5_000_000;

/** What is counted of all clients together while a run goes on. */
export class Tally {
  readonly waits: LatencyHistogram = new LatencyHistogram();
  readonly timeline: Timeline;
  lost = 0;

  constructor(durationMs: Ms) {
    const windows = Math.ceil((durationMs * 1_000) / windowUs) + 1;
    this.timeline = {
      windowMs: windowUs / 1_000,
      admitted: new Uint32Array(windows),
      refused: new Uint32Array(windows),
    };
  }

  /** The server said yes or no at `nowUs`. */
  decided(nowUs: Us, isAdmitted: boolean): void {
    const { admitted, refused } = this.timeline;
    const counts = isAdmitted ? admitted : refused;
    const window = Math.floor(nowUs / windowUs);
    counts[window] = (counts[window] as number) + 1;
  }
}
