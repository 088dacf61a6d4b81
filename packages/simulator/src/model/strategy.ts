import type { Outcome, Throttle } from '@weir/core/throttle/throttle';
import type { Ms } from '@weir/core/world/world';
import type { QuotaScenario } from '../scenario.ts';

/** What a strategy may know of the process it paces. Only the ideal looks at the scenario. */
export interface ProcessFacts {
  readonly scenario: QuotaScenario;
  /** Its place among all processes of the run, from 0. */
  readonly process: number;
  /** Uniform in [0, 1): the process's own stream. */
  readonly random: () => number;
}

export interface ClientFacts {
  /** Its place among all clients of the run, from 0. */
  readonly client: number;
  /** Uniform in [0, 1): the client's own stream. */
  readonly random: () => number;
}

/**
 * Decides each wait once, when it begins, as retry loops do: what rivals are. The engine calls
 * `beforeMs` for a new request, sends after that wait, then calls `afterMs`; while that refuses, it
 * waits what `afterMs` said, calls `beforeMs` with the number of the next attempt, and sends again.
 * Times are the virtual clock's.
 */
export interface Sleeper {
  /** How long to wait before this attempt; 0 is the first attempt of a request. */
  beforeMs(nowMs: Ms, attempt: number): Ms;
  /**
   * A reply came. How long to wait before the same request is tried again; of no meaning where it
   * was admitted. Infinity gives the request up: it counts as lost, and the client makes a new one.
   * `outcome` is used again by the engine: copy what is to be kept.
   */
  afterMs(outcome: Outcome, nowMs: Ms): Ms;
}

/** What paces one client: a throttle as it ships, or a rival. */
export type Sender =
  | { readonly is: 'throttle'; readonly throttle: Throttle }
  | { readonly is: 'sleeper'; readonly sleeper: Sleeper };

/** One process of senders: makes a sender for each of its clients, which may share state in it. */
export type SenderProcess = (facts: ClientFacts) => Sender;

/** A way of deciding when to send: ours or a rival's. */
export interface Strategy {
  /** As on the command line, in kebab-case. */
  readonly name: string;
  /** One sentence, with the source it follows. */
  readonly sentence: string;
  /** Whether it names itself to the server, and so gets slots where the server gives them. */
  readonly named: boolean;
  /** Whether a request that is sent again carries its Idempotency-Key, so that it is stored once. @default false */
  readonly isKeyed?: boolean;
  /**
   * Called once a process. Whoever returns the same throttle for all its clients shares it: they
   * then form one queue in front of it. State of a `Sleeper` may be shared by closing over it.
   */
  readonly start: (facts: ProcessFacts) => SenderProcess;
}
