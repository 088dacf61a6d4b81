import { slotBounds } from '@weir/core/slots';
import type { Throttle } from '@weir/core/throttle/throttle';
import type { VirtualWorld } from '@weir/core/world/virtual';
import type { Us } from '@weir/core/world/world';
import type { IngestionScenario, QuotaScenario } from '../scenario.ts';
import { Backlog } from './backlog.ts';
import { QuotaServer, type Reply } from './quota-server.ts';
import type { Sleeper, Strategy } from './strategy.ts';

/** One request at a time of a sender. */
export interface Lane {
  readonly sender: QueuedSender;
  readonly sleeper: Sleeper | undefined;
  /** When the events of its request came to be. */
  wantedUs: readonly Us[];
  attempt: number;
  ticket: number;
  reply: Reply | undefined;
  /** When the server took the request under way; undefined where it did not. */
  takenUs: Us | undefined;
}

/** One key with its own arrivals, backlog, quota and pace. */
export interface QueuedSender {
  readonly key: number;
  readonly server: QuotaServer;
  readonly backlog: Backlog;
  readonly lanes: Lane[];
  readonly idle: number[];
  readonly throttle: Throttle | undefined;
  readonly random: () => number;
  /** Lanes with a request that was refused, the oldest first. */
  readonly again: number[];
  holdUntilUs: Us;
  overloads: number;
  wakeUs: Us;
  sent: number;
}

/** The sender of one key, at rest. */
export function newSender(
  scenario: IngestionScenario,
  strategy: Strategy,
  key: number,
  world: VirtualWorld,
): QueuedSender {
  const { server, backlog } = scenario;
  const { maxConcurrency: inFlight } = scenario.client;
  const { uniform: random } = world.stream(`client ${key}`);
  const makes = strategy.start({ scenario: asQuota(scenario), process: key, random });
  const made = Array.from({ length: inFlight }, (_, i) =>
    makes({ client: key * inFlight + i, random }),
  );
  const [first] = made;
  const sender: QueuedSender = {
    key,
    server: new QuotaServer({
      terms: server.quota,
      initialTokens: server.quota.burst,
      tells: server.tells,
      slotBounds,
    }),
    backlog: new Backlog(backlog),
    lanes: [],
    idle: Array.from({ length: inFlight }, (_, i) => inFlight - 1 - i),
    throttle: first?.is === 'throttle' ? first.throttle : undefined,
    random,
    again: [],
    holdUntilUs: 0,
    overloads: 0,
    wakeUs: Infinity,
    sent: 0,
  };
  for (const of of made) {
    const sleeper = of.is === 'sleeper' ? of.sleeper : undefined;
    sender.lanes.push({
      ...{ sender, sleeper, wantedUs: [], attempt: 0, ticket: 0 },
      ...{ reply: undefined, takenUs: undefined },
    });
  }
  return sender;
}

/** What a strategy may know of it: one key, as one process of several clients. */
function asQuota(scenario: IngestionScenario): QuotaScenario {
  const { id, sentence, durationMs, server, network, client } = scenario;
  return {
    kind: 'quota',
    id,
    sentence,
    durationMs,
    server: {
      ...server,
      initialTokens: server.quota.burst,
      changes: [],
      slotsAheadMs: slotBounds.longestAheadUs / 1_000,
    },
    network,
    clients: [{ processes: 1, each: client.maxConcurrency, startMs: [0, 0], gapMs: 0 }],
  };
}
