import { createHash } from 'node:crypto';
import type { RequestKind } from './request-kind.ts';

/** What the double does wrong. All of it may be changed at any time, and holds from then on. */
export interface Faults {
  /** Without it, nothing is left to chance: latency and shares are as if they were 0. */
  isOn: boolean;
  /** Latency is lognormal, spent before and after the commit; 0 for none. */
  latencyMedianMs: number;
  latencyP99Ms: number;
  /** Shares of requests, at most 1 together; the first four also of those without a body. */
  slowDown: number;
  internalError: number;
  /** The connection is reset while the body is on its way, or when it is there. */
  resetBeforeCommit: number;
  resetAfterCommit: number;
  /** Half of the reply, then the end of the connection. */
  cutReply: number;
  /** No reply at all, half of them before the commit. */
  hang: number;
  /** Share of conditional PUTs that get a 409 while another writer of that key is under way. */
  conflict: number;
  /**
   * A body of this length or more is not waited for when the answer is an error, 412 included: the
   * connection is reset, three times out of four before the reply is out.
   */
  earlyReplyBytes: number;
  /** How far the clock of the double is ahead. */
  clockSkewMs: number;
  /** Takes no notice of `If-None-Match` on a PUT, as some stores do. */
  ignoreConditions: boolean;
  outage: OutageKind | undefined;
  denied: readonly Denial[];
}

export type OutageKind = 'reset' | 'hang' | 'unavailable';

/** What the bucket's policy forbids. */
export interface Denial {
  /** Of keys; empty for all, and for requests about the bucket. */
  readonly prefix: string;
  /** Without them: whatever is asked. */
  readonly kinds?: readonly RequestKind[];
}

/** A store that does all that it should. */
export function noFaults(): Faults {
  return {
    isOn: true,
    latencyMedianMs: 0,
    latencyP99Ms: 0,
    slowDown: 0,
    internalError: 0,
    resetBeforeCommit: 0,
    resetAfterCommit: 0,
    cutReply: 0,
    hang: 0,
    conflict: 0,
    earlyReplyBytes: 5 * 1024 * 1024,
    clockSkewMs: 0,
    ignoreConditions: false,
    outage: undefined,
    denied: [],
  };
}

export type Trouble =
  | 'slowDown'
  | 'internalError'
  | 'resetBeforeCommit'
  | 'resetAfterCommit'
  | 'cutReply'
  | 'hang';

const troubles: readonly Trouble[] = [
  'slowDown',
  'internalError',
  'resetBeforeCommit',
  'resetAfterCommit',
  'cutReply',
  'hang',
];

/** What chance has in store for one request. */
export interface Fate {
  readonly delayBeforeMs: number;
  readonly delayAfterMs: number;
  readonly trouble: Trouble | undefined;
  /** Where in the body, or on which side of the commit, the trouble comes: 0 to 1. */
  readonly where: number;
  readonly isConflict: boolean;
  /** An error that is answered before the body was read does not reach the sender. */
  readonly isEarlyReplyLost: boolean;
}

/**
 * The same for the same seed, kind, key and attempt, in whatever order requests come: a schedule
 * can be run again though real time is in it.
 */
export function fateOf(faults: Faults, seed: number, request: readonly unknown[]): Fate {
  const draws = drawsOf([seed, ...request]);
  const delayMs = faults.isOn ? latencyMs(faults, draws(0), draws(1)) : 0;
  const before = draws(2);
  return {
    delayBeforeMs: delayMs * before,
    delayAfterMs: delayMs * (1 - before),
    trouble: faults.isOn ? troubleAt(faults, draws(3)) : undefined,
    where: draws(4),
    isConflict: faults.isOn && draws(5) < faults.conflict,
    isEarlyReplyLost: faults.isOn && draws(6) < 0.75,
  };
}

function troubleAt(faults: Faults, draw: number): Trouble | undefined {
  let sum = 0;
  return troubles.find((trouble) => {
    sum += faults[trouble];
    return draw < sum;
  });
}

/** The z of the 99th percentile of the normal distribution. */
const z99 = 2.326_347_874;

function latencyMs({ latencyMedianMs, latencyP99Ms }: Faults, u: number, v: number): number {
  if (latencyMedianMs === 0) return 0;
  const sigma = Math.log(Math.max(latencyP99Ms, latencyMedianMs) / latencyMedianMs) / z99;
  const z = Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v); // Box and Muller
  return latencyMedianMs * Math.exp(sigma * z);
}

/** Up to eight numbers in [0, 1) that are the same for the same words. */
function drawsOf(words: readonly unknown[]): (index: number) => number {
  const bytes = createHash('sha256').update(JSON.stringify(words)).digest();
  return (index) => bytes.readUInt32BE(index * 4) / 2 ** 32;
}
