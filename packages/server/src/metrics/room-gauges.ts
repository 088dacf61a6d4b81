import { statfsSync } from 'node:fs';
import type { SharedRoom } from '@weir/core/fair-share';
import { roomMetrics } from '@weir/core/telemetry-names';
import { formatValue } from './metric-kinds.ts';

export interface RoomGaugesDeps {
  readonly room: SharedRoom;
  /** Where the spool lies. */
  readonly directory: string;
  /** What the spool leaves free there. */
  readonly minFreeBytes: number;
}

/** How near the spool is to its bounds: those of its settings, and that of its disk. */
export class RoomGauges {
  readonly #deps: RoomGaugesDeps;

  constructor(deps: RoomGaugesDeps) {
    this.#deps = deps;
  }

  /** In Prometheus' text format. Looks at the disk, which takes microseconds. */
  format(): string {
    const { room, directory, minFreeBytes } = this.#deps;
    const { requests, maxRequests, bytes, maxBytes } = room;
    const full = Math.max(requests / maxRequests, bytes / maxBytes);
    return [
      formatValue(roomMetrics.full, full),
      formatValue(roomMetrics.diskFree, freeBytesAt(directory)),
      formatValue(roomMetrics.diskKept, minFreeBytes),
    ].join('');
  }
}

/** What this process may still write; 0 where the folder is gone. */
function freeBytesAt(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
