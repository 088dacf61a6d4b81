import type { Ms, Us } from '@weir/core/world/world';
import { runClosedLoop } from './model/closed-loop.ts';
import { Ingestion, type IngestionResult } from './model/ingestion.ts';
import type { LatencyHistogram } from './model/latency-histogram.ts';
import type { Strategy } from './model/strategy.ts';
import type { IngestionScenario, QuotaScenario } from './scenario.ts';

/** What was counted of each client, by its number. */
export interface ClientCounts {
  /** Attempts, refused ones included. */
  readonly requests: Float64Array;
  readonly refused: Float64Array;
  /** Longest single wait before an attempt. */
  readonly longestSleepUs: Float64Array;
}

/** What the server decided, in windows of equal length from the start. */
export interface Timeline {
  readonly windowMs: Ms;
  readonly admitted: Uint32Array;
  readonly refused: Uint32Array;
}

/** All that is kept of one run of a quota scenario; `measure.ts` reads the measures from it. */
export interface Result {
  readonly scenario: QuotaScenario;
  readonly strategy: string;
  readonly seed: number;
  /** When the last client had left, or the duration. */
  readonly endedMs: Ms;
  /** Whether all clients left before the duration was over. */
  readonly cleared: boolean;
  readonly clients: ClientCounts;
  /** Requests given up. */
  readonly lost: number;
  /** From wanting a request to its success. */
  readonly waits: LatencyHistogram;
  readonly timeline: Timeline;
  /** Tokens there were to spend until the end: left at the start, and earned. */
  readonly tokensOffered: number;
}

/** One attempt, as it is written to the event log. Instants are whole µs of virtual time. */
export interface RequestEvent {
  readonly client: number;
  /** Of this client, from 1. */
  readonly request: number;
  /** How long its sender had waited before it. */
  readonly sleptUs: Us;
  readonly sentUs: Us;
  readonly arrivedUs: Us;
  readonly repliedUs: Us;
  readonly admitted: boolean;
  readonly remaining: number;
  /** undefined where the server gave no slot. */
  readonly nextMs: Ms | undefined;
}

/**
 * Is told of each attempt when the server decides it, in order of arrival. The event is used again:
 * copy what is to be kept.
 */
export type Observer = (event: RequestEvent) => void;

/**
 * Runs a scenario once. The same scenario, strategy and seed always give the same events, on every
 * engine.
 *
 * @param seed a whole number of at least 0
 */
export function runScenario(
  scenario: QuotaScenario,
  strategy: Strategy,
  seed: number,
  observer?: Observer,
): Result {
  return runClosedLoop(scenario, strategy, seed, observer);
}

/** Runs a whole server once, with senders that have arrivals of their own. As repeatable as the above. */
export function runIngestion(
  scenario: IngestionScenario,
  strategy: Strategy,
  seed: number,
): IngestionResult {
  return new Ingestion(scenario, strategy, seed).run();
}
