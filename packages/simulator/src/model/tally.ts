import type { Ms, Us } from '@weir/core/world/world';
import type { ClientCounts, Timeline } from '../run.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const windowUs = 5_000_000;

/** What is counted while a run goes on. */
export class Tally {
  readonly clients: ClientCounts;
  readonly waits = new LatencyHistogram();
  readonly timeline: Timeline;
  lost = 0;

  constructor(clients: number, durationMs: Ms) {
    this.clients = {
      requests: new Float64Array(clients),
      refused: new Float64Array(clients),
      longestSleepUs: new Float64Array(clients),
    };
    const windows = Math.ceil((durationMs * 1_000) / windowUs) + 1;
    this.timeline = {
      windowMs: windowUs / 1_000,
      admitted: new Uint32Array(windows),
      refused: new Uint32Array(windows),
    };
  }

  /** The server said yes or no at `nowUs`. */
  decided(client: number, nowUs: Us, admitted: boolean): void {
    const { requests, refused } = this.clients;
    const window = Math.floor(nowUs / windowUs);
    requests[client] = (requests[client] as number) + 1;
    if (admitted) {
      this.timeline.admitted[window] = (this.timeline.admitted[window] as number) + 1;
      return;
    }
    refused[client] = (refused[client] as number) + 1;
    this.timeline.refused[window] = (this.timeline.refused[window] as number) + 1;
  }

  slept(client: number, us: Us): void {
    const { longestSleepUs } = this.clients;
    if (us > (longestSleepUs[client] as number)) longestSleepUs[client] = us;
  }
}
