import { type ChildProcess, fork } from 'node:child_process';
import { systemWorld } from '@weir/core/world/system';
import { z } from 'zod';
import { jain } from '../statistics/moments.ts';
import { ascending, quantile } from '../statistics/order.ts';
import type { SenderNews, SenderOrder, SenderReport } from './sender.ts';

const limitsReply = z.object({
  quotas: z.array(
    z.object({
      name: z.string(),
      unit: z.enum(['requests', 'events', 'bytes']),
      tokens: z.number(),
      periodMs: z.number(),
      burst: z.number(),
      remaining: z.number().optional(),
    }),
  ),
});

export type LiveQuota = z.output<typeof limitsReply>['quotas'][number];

export interface Target {
  readonly url: string;
  readonly key: string;
}

/** A server that cannot be validated: in one sentence, why. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

const replyTimeoutMs = 10_000;

/** The key's quotas, as the server has them. */
export async function readLimits({ url, key }: Target): Promise<readonly LiveQuota[]> {
  const place = `${url.replace(/\/$/, '')}/v1/limits`;
  let reply: Response;
  try {
    reply = await fetch(place, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(replyTimeoutMs),
    });
  } catch (error) {
    const { cause, message } = error as Error;
    throw new TargetError(`${place}: ${cause instanceof Error ? cause.message : message}`);
  }
  if (!reply.ok) throw new TargetError(`${place}: ${reply.status} ${reply.statusText}`);
  const parsed = limitsReply.safeParse(await reply.json());
  if (!parsed.success) throw new TargetError(`${place}: not the reply of a weir`);
  return parsed.data.quotas;
}

const pings = 60;

/** Most of the round trips of small requests: from the 10th to the 90th percentile, in ms. */
export async function measureRoundTrip(target: Target): Promise<readonly [number, number]> {
  const tookMs = new Float64Array(pings);
  await readLimits(target); // the first one opens the connection
  for (let i = 0; i < pings; i += 1) {
    const sentMs = systemWorld.now();
    await readLimits(target);
    tookMs[i] = systemWorld.now() - sentMs;
  }
  const sorted = ascending(tookMs);
  return [quantile(sorted, 0.1), quantile(sorted, 0.9)];
}

/** What senders met, all together. */
export interface LiveMeasures {
  readonly refusedShare: number;
  readonly admittedPerSecond: number;
  readonly p50WaitMs: number;
  readonly p99WaitMs: number;
  readonly jain: number;
}

/** Processes of the SDK, each with a client of its own, ready to send. */
export class LiveSenders {
  readonly #children: readonly ChildProcess[];

  constructor(count: number) {
    const program = new URL('./sender.ts', import.meta.url);
    this.#children = Array.from({ length: count }, () => fork(program, { stdio: 'inherit' }));
  }

  /** Each sends one event, so that nothing is loaded or connected later. */
  async warmUp(target: Target): Promise<void> {
    await Promise.all(this.#children.map((child) => ask(child, target)));
  }

  /** Each sends as fast as its throttle lets it, one request at a time. */
  async run(durationMs: number): Promise<LiveMeasures> {
    const order: SenderOrder = { durationMs };
    const told = await Promise.all(this.#children.map((child) => ask(child, order)));
    return measuresOf(
      told.filter((news) => news.is === 'report'),
      durationMs,
    );
  }

  end(): void {
    for (const child of this.#children) child.kill();
  }
}

function ask(child: ChildProcess, what: Target | SenderOrder): Promise<SenderNews> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new TargetError('a sender ended without a report'));
    child.once('exit', ended);
    child.once('message', (news: SenderNews) => {
      child.off('exit', ended);
      if (news.is === 'trouble') reject(new TargetError(`a sender stopped: ${news.why}`));
      else resolve(news);
    });
    child.send(what);
  });
}

function measuresOf(reports: readonly SenderReport[], durationMs: number): LiveMeasures {
  const total = (pick: (report: SenderReport) => number) =>
    reports.reduce((sum, report) => sum + pick(report), 0);
  const admitted = total((report) => report.admitted);
  const requests = total((report) => report.requests);
  const waits = ascending(reports.flatMap(({ waitsUs }) => waitsUs));
  return {
    refusedShare: requests === 0 ? 0 : total((report) => report.refused) / requests,
    admittedPerSecond: (1_000 * admitted) / durationMs,
    p50WaitMs: quantile(waits, 0.5) / 1_000,
    p99WaitMs: quantile(waits, 0.99) / 1_000,
    jain: jain(reports.map((report) => report.admitted)),
  };
}
