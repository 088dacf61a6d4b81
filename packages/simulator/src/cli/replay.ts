import { createReadStream } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Unit } from '@weir/core/admission';
import { systemWorld } from '@weir/core/world/system';
import { Replay, type ReplayReport } from '../replay/replay.ts';
import { TraceError, TraceParser } from '../replay/trace-parser.ts';
import { compileTerms } from '../scenario.ts';
import { ProgressLine } from './long-work.ts';
import { durationMs, grouped, shown } from './numbers.ts';
import { columns, exits, Misuse, type Outcome, type Output } from './outcome.ts';

export interface ReplayOptions {
  readonly tokens: string;
  readonly period: string;
  readonly burst: string;
  readonly unit: Unit;
}

const chunkBytes = 1_048_576;

/** Holds a trace against a quota. `-` is standard input. */
export async function replay(
  path: string,
  options: ReplayOptions,
  output: Output,
): Promise<Outcome> {
  const replaying = new Replay(quotaOf(options), options.unit);
  const parser = new TraceParser(path, (arrival) => replaying.take(arrival));
  let isStopped = false;
  const ignore = output.onInterrupt(() => {
    isStopped = true;
  });
  const progress = new ProgressLine(output, (lines) => `${path}: ${grouped(lines)} lines`);
  try {
    for await (const chunk of chunksOf(path)) {
      parser.push(chunk);
      progress.show(parser.lines, systemWorld.now());
      await turn();
      if (isStopped) break;
    }
    if (!isStopped) parser.end();
  } catch (error) {
    if (error instanceof TraceError) throw new Misuse(error.message);
    throw error;
  } finally {
    progress.clear();
    ignore();
  }
  const report = replaying.report(parser.keys.names);
  const outcome = replayOutcome(report, path);
  if (!isStopped) return outcome;
  const note = `interrupted after ${grouped(parser.lines)} lines: this is what they say`;
  return { ...outcome, exit: exits.interrupted, notes: [note] };
}

function chunksOf(path: string): AsyncIterable<Uint8Array> {
  return path === '-' ? process.stdin : createReadStream(path, { highWaterMark: chunkBytes });
}

function quotaOf({ tokens, period, burst }: ReplayOptions) {
  const periodMs = durationMs(period);
  if (periodMs === undefined) {
    throw new Misuse(`--period: expected a time such as 500ms, 2s or 1h, not ${period}`);
  }
  try {
    return compileTerms({ tokens: Number(tokens), periodMs, burst: Number(burst) });
  } catch (error) {
    throw new Misuse(`--tokens, --period, --burst: ${(error as Error).message}`);
  }
}

/** A replay's report for people and for machines. */
export function replayOutcome(report: ReplayReport, title: string): Outcome {
  const { paced, worst } = report;
  const rows = [
    ['  requests', grouped(report.requests)],
    ['  keys', grouped(report.keys)],
    ['  events', grouped(report.events)],
    ['  bytes', grouped(report.bytes)],
    ['  time', shown(report.spanUs / 1_000, 'ms')],
    ['  busiest second', grouped(report.busiestSecond)],
    ['  refused as they came', shown(report.refusedShare, 'share')],
    ['  keys refused at least once', grouped(report.keysRefused)],
    ['  above the burst, never to pass', grouped(report.oversize)],
    ['  burst that refuses none', grouped(report.burstNeeded)],
    ['  held back, if senders paced', shown(paced.heldShare, 'share')],
    ['  … for p50', shown(paced.waitP50Ms, 'ms')],
    ['  … for p99', shown(paced.waitP99Ms, 'ms')],
    ['  … at most', shown(paced.waitMaxMs, 'ms')],
  ];
  const refusedMost = worst.map(({ key, requests, refused }) => [
    `  ${key}`,
    grouped(refused),
    grouped(requests),
  ]);
  const table =
    worst.length === 0 ? [] : ['', ...columns([['refused most', 'refused', 'of'], ...refusedMost])];
  return {
    exit: exits.ok,
    lines: [title, ...columns(rows), ...table],
    json: report,
    csv: [
      ['key', 'requests', 'refused'],
      ...worst.map(({ key, requests, refused }) => [key, requests, refused]),
    ],
  };
}
