import type { Throttle } from '@weir/core/throttle/throttle';
import { VirtualWorld } from '@weir/core/world/virtual';
import type { Us } from '@weir/core/world/world';
import type { QuotaScenario } from '../scenario.ts';
import { column, rowLength } from './client-rows.ts';
import type { Sleeper, Strategy } from './strategy.ts';

/** Clients of one process that share a throttle form a queue in front of it. */
export interface ProcessQueue {
  /** Clients that wait, the next one first. */
  readonly waiting: number[];
  /** When the queue will be looked at; Infinity where no such event is under way. */
  wakeUs: Us;
}

/** Every client of a run by its number. */
export interface Population {
  readonly count: number;
  readonly startUs: Float64Array;
  /** A row for each client; see `column`. */
  readonly rows: Float64Array;
  /** One of the two is there for each client. */
  readonly throttles: readonly (Throttle | undefined)[];
  readonly sleepers: readonly (Sleeper | undefined)[];
  /** The process of each client, and by process its queue; undefined where it has one client. */
  readonly process: Int32Array;
  readonly queues: readonly (ProcessQueue | undefined)[];
  /** Of all clients together, 32 bits: what paths through the network are drawn with. */
  readonly networkSeed: number;
}

/** Makes the clients of a scenario, each with chance of its own. */
export function populate(scenario: QuotaScenario, strategy: Strategy, seed: number): Population {
  const world = new VirtualWorld({ seed });
  const groups = scenario.clients.flatMap((group) =>
    Array.from({ length: group.processes }, () => group),
  );
  const count = groups.reduce((sum, { each }) => sum + each, 0);
  const startUs = new Float64Array(count);
  const rows = new Float64Array(count * rowLength);
  const process = new Int32Array(count);
  const throttles: (Throttle | undefined)[] = [];
  const sleepers: (Sleeper | undefined)[] = [];
  const starts = world.stream('starts');
  for (const [number, group] of groups.entries()) {
    const { uniform } = world.stream(`process ${number}`);
    const startSender = strategy.start({ scenario, process: number, random: uniform });
    const [fromMs, toMs] = group.startMs;
    const first = throttles.length;
    rows[first * rowLength + column.requestsLeft] = group.requests ?? Infinity;
    for (let client = first; client < first + group.each; client += 1) {
      const { uniform: random } = world.stream(`client ${client}`);
      const sender = startSender({ client, random });
      throttles.push(sender.is === 'throttle' ? sender.throttle : undefined);
      sleepers.push(sender.is === 'sleeper' ? sender.sleeper : undefined);
      process[client] = number;
      startUs[client] = Math.round((fromMs + starts.uniform() * (toMs - fromMs)) * 1_000);
      const at = client * rowLength;
      rows[at + column.first] = first;
      rows[at + column.sharers] = group.each;
      rows[at + column.wantedUs] = startUs[client] as number;
      rows[at + column.stopUs] = Math.round((group.stopMs ?? scenario.durationMs) * 1_000);
      rows[at + column.gapUs] = Math.round(group.gapMs * 1_000);
    }
  }
  const queues = groups.map(({ each }): ProcessQueue | undefined =>
    each === 1 ? undefined : { waiting: [], wakeUs: Infinity },
  );
  const networkSeed = Math.floor(world.stream('network').uniform() * 4_294_967_296);
  return { count, startUs, rows, throttles, sleepers, process, queues, networkSeed };
}
