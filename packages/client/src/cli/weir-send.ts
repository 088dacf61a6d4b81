import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { systemWorld } from '@weir/core/world/system';
import { KeepAlive } from '../keep-alive.ts';
import { nodePlatform } from '../node-platform.ts';
import { type ClientOptions, resolveOptions } from '../options.ts';
import { isWeirError } from '../weir-error.ts';
import { help, readArguments, type SendArguments, UsageError } from './arguments.ts';
import { BatchSender } from './batch-sender.ts';
import { number, ProgressLine } from './progress-line.ts';
import { type FileResult, newResult, sendFile } from './send-file.ts';
import { drainSpool, inspectSpool } from './spool-tasks.ts';

const { stdout, stderr } = process;
const stop = new AbortController();
let interrupts = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupts += 1;
    if (interrupts > 1) process.exit(130);
    stop.abort(new Error(`interrupted by ${signal}`));
  });
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof UsageError) && !isWeirError(error) && !isSystemError(error)) throw error;
  stderr.write(`weir-send: ${error.message}\n`);
  process.exitCode = 2;
}

async function run(): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (args === 'help') {
    stdout.write(help);
    return 0;
  }
  if (args === 'version') {
    stdout.write(`${version()}\n`);
    return 0;
  }
  if (args.spool !== undefined) return await runSpool(args, args.spool);
  for (const file of args.files) {
    if (file !== '-' && !existsSync(file)) throw new UsageError(`there is no file ${file}`);
  }
  return await runFiles(args);
}

async function runSpool(args: SendArguments, dir: string): Promise<number> {
  if (args.spoolTask === 'inspect') {
    const report = await inspectSpool(dir);
    const { events, inBatches, files, bytes, poisoned, damaged } = report;
    const text = [
      `${dir}: ${number(events)} events wait, ${number(inBatches)} of them in batches that may have been sent`,
      `${files} files, ${number(bytes)} bytes, ${number(poisoned)} events set aside`,
      ...damaged.map((path) => `damaged: ${path}`),
    ];
    stdout.write(args.isJson ? `${JSON.stringify(report)}\n` : `${text.join('\n')}\n`);
    return damaged.length > 0 ? 1 : 0;
  }
  const release = new KeepAlive(nodePlatform.startHolding).hold();
  const counts = await drainSpool(dir, optionsOf(args), stop.signal).finally(release);
  const { acked, rejected, left } = counts;
  const text = `${number(acked)} events sent, ${number(rejected)} rejected, ${number(left)} left`;
  stdout.write(args.isJson ? `${JSON.stringify(counts)}\n` : `${text}\n`);
  if (left > 0) return 2;
  return rejected > 0 ? 1 : 0;
}

async function runFiles(args: SendArguments): Promise<number> {
  const options = resolveOptions(optionsOf(args), nodePlatform.env);
  const sender = new BatchSender(options, nodePlatform, (error) => stop.abort(error));
  const release = new KeepAlive(nodePlatform.startHolding).hold();
  const results = args.files.map(newResult);
  const startedMs = systemWorld.now();
  const line = new ProgressLine(systemWorld, stderr, () => progressOf(results, sender));
  if (!args.isQuiet && !args.isJson) line.start();
  try {
    for (const result of results) {
      const deps = { args, sender, newRun: randomUUID, signal: stop.signal };
      await sendFile(result, deps);
      if (stop.signal.aborted) break;
    }
  } finally {
    line.stop();
    await sender.close();
    release();
  }
  return report(args, results, sender, (systemWorld.now() - startedMs) / 1_000);
}

function report(
  args: SendArguments,
  results: readonly FileResult[],
  { counts }: BatchSender,
  seconds: number,
): number {
  const total = { accepted: 0, rejected: 0, earlier: 0 };
  for (const { accepted, rejected, earlier } of results) {
    total.accepted += accepted;
    total.rejected += rejected;
    total.earlier += earlier;
  }
  const isWhole = results.every((one) => one.isWhole);
  const { requests, limited, maybeTwice, refusedKey } = counts;
  const all = { ...total, isWhole, requests, limited, maybeTwice, seconds };
  stdout.write(args.isJson ? jsonReport(all, results) : textReport(all, results));
  if (refusedKey !== undefined) stderr.write(`weir-send: ${refusedKey.message}\n`);
  if (isWhole) return total.rejected > 0 ? 1 : 0;
  stderr.write('weir-send: not finished: run the same again to go on\n');
  return interrupts > 0 ? 130 : 2;
}

interface Totals {
  readonly accepted: number;
  readonly rejected: number;
  readonly earlier: number;
  readonly isWhole: boolean;
  readonly requests: number;
  readonly limited: number;
  readonly maybeTwice: number;
  readonly seconds: number;
}

function jsonReport(all: Totals, results: readonly FileResult[]): string {
  const files = results.map(({ side, ...rest }) => ({ ...rest, rejectedFile: side }));
  return `${JSON.stringify({ ...all, files })}\n`;
}

function textReport(all: Totals, results: readonly FileResult[]): string {
  const { accepted, rejected, earlier, requests, limited, maybeTwice, seconds } = all;
  const before = earlier > 0 ? `, ${number(earlier)} of them by an earlier run` : '';
  const lines = [`${number(accepted)} events taken${before}, ${number(rejected)} rejected`];
  for (const { side } of results) if (side !== undefined) lines.push(`rejected: ${side}`);
  if (maybeTwice > 0) lines.push(`${number(maybeTwice)} may have been taken twice`);
  lines.push(`${number(requests)} requests, ${number(limited)} × 429, ${seconds.toFixed(1)} s`);
  return `${lines.join('\n')}\n`;
}

/** Of the package, whether it runs built or from its sources. */
function version(): string {
  const places = ['../../package.json', '../../../package.json'];
  const found = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(url));
  const text = found === undefined ? '{}' : readFileSync(found, 'utf8');
  return (JSON.parse(text) as { version?: string }).version ?? 'unknown';
}

function progressOf(results: readonly FileResult[], { counts }: BatchSender) {
  const total = { sent: 0, rejected: 0, bytes: 0, totalBytes: 0 as number | undefined };
  for (const { accepted, rejected, bytes, totalBytes } of results) {
    total.sent += accepted;
    total.rejected += rejected;
    total.bytes += bytes;
    const isKnown = total.totalBytes !== undefined && totalBytes !== undefined;
    total.totalBytes = isKnown ? (total.totalBytes as number) + totalBytes : undefined;
  }
  return { ...total, limited: counts.limited, trouble: counts.trouble };
}

function optionsOf({
  url,
  key,
  batchEvents,
  batchBytes,
  concurrency,
}: SendArguments): ClientOptions {
  return {
    baseUrl: url,
    apiKey: key,
    maxBatchEvents: batchEvents,
    maxBatchBytes: batchBytes,
    maxConcurrency: concurrency,
  };
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
