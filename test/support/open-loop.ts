import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:http';
import { post, type Target } from './sender.ts';

/** What became of one event, and when its sender knew. */
export interface Sent {
  readonly id: string;
  readonly status: number;
  /** From the moment at which it was due, so that waiting behind others counts. */
  readonly tookMs: number;
  readonly retryAfterSeconds: number;
  readonly retryAfterMs: number;
}

/** Sends on so many kept connections, on each the next event once the last one is answered. */
export async function closedLoop(
  target: Target,
  { agent, seconds }: { readonly agent: Agent; readonly seconds: number },
): Promise<Sent[]> {
  const sent: Sent[] = [];
  const endMs = performance.now() + 1_000 * seconds;
  const connections = Array.from({ length: agent.maxSockets }, async () => {
    while (performance.now() < endMs) sent.push(await sendOne(target, performance.now(), agent));
  });
  await Promise.all(connections);
  return sent;
}

export interface OpenLoopOptions {
  readonly agent: Agent;
  readonly perSecond: number;
  readonly seconds: number;
}

/** Sends events at a fixed rate for so long, however slowly they are answered. */
export async function openLoop(target: Target, options: OpenLoopOptions): Promise<Sent[]> {
  const { agent, perSecond, seconds } = options;
  const sending: Promise<Sent>[] = [];
  const startMs = performance.now();
  const total = Math.round(perSecond * seconds);
  while (sending.length < total) {
    const dueMs = startMs + (1_000 * sending.length) / perSecond;
    if (dueMs <= performance.now()) sending.push(sendOne(target, dueMs, agent));
    else await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return await Promise.all(sending);
}

async function sendOne(target: Target, dueMs: number, agent: Agent): Promise<Sent> {
  const id = randomUUID();
  const { status, headers } = await post(target, `{"type":"a","id":"${id}"}`, { agent });
  return {
    id,
    status,
    tookMs: performance.now() - dueMs,
    retryAfterSeconds: Number(headers['retry-after']),
    retryAfterMs: Number(headers['retry-after-ms']),
  };
}

/** The value below which this share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
