import type { Throttle } from '@weir/core/throttle/throttle';
import { VirtualWorld } from '@weir/core/world/virtual';
import type { Us } from '@weir/core/world/world';
import type { QuotaScenario } from '../scenario.ts';
import type { Sleeper, Strategy } from './strategy.ts';

/** Clients of one process: they share a budget of requests, and a queue where they share a throttle. */
export interface ProcessState {
  /** Clients in it. */
  readonly size: number;
  /** Successes that are left to it. */
  requestsLeft: number;
  /** Clients that wait for the shared throttle, the next one first. */
  readonly waiting: number[];
  /** When the queue will be looked at; Infinity where no such event is under way. */
  wakeUs: Us;
}

/** Every client of a run by its number, column by column. */
export interface Population {
  readonly count: number;
  readonly process: Int32Array;
  readonly processes: readonly ProcessState[];
  readonly startUs: Float64Array;
  readonly stopUs: Float64Array;
  readonly gapUs: Float64Array;
  /** One of the two is there for each client. */
  readonly throttles: readonly (Throttle | undefined)[];
  readonly sleepers: readonly (Sleeper | undefined)[];
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
  const columns = {
    process: new Int32Array(count),
    startUs: new Float64Array(count),
    stopUs: new Float64Array(count),
    gapUs: new Float64Array(count),
  };
  const throttles: (Throttle | undefined)[] = [];
  const sleepers: (Sleeper | undefined)[] = [];
  const starts = world.stream('starts');
  for (const [process, group] of groups.entries()) {
    const { uniform } = world.stream(`process ${process}`);
    const startSender = strategy.start({ scenario, process, random: uniform });
    const [fromMs, toMs] = group.startMs;
    for (let i = 0; i < group.each; i += 1) {
      const client = throttles.length;
      const { uniform: random } = world.stream(`client ${client}`);
      const sender = startSender({ client, random });
      throttles.push(sender.is === 'throttle' ? sender.throttle : undefined);
      sleepers.push(sender.is === 'sleeper' ? sender.sleeper : undefined);
      columns.process[client] = process;
      columns.startUs[client] = Math.round((fromMs + starts.uniform() * (toMs - fromMs)) * 1_000);
      columns.stopUs[client] = Math.round((group.stopMs ?? scenario.durationMs) * 1_000);
      columns.gapUs[client] = Math.round(group.gapMs * 1_000);
    }
  }
  const processes = groups.map(({ each, requests = Infinity }): ProcessState => {
    return { size: each, requestsLeft: requests, waiting: [], wakeUs: Infinity };
  });
  const networkSeed = Math.floor(world.stream('network').uniform() * 4_294_967_296);
  return { count, ...columns, processes, throttles, sleepers, networkSeed };
}
