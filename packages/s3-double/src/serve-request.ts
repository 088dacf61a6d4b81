import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Counts } from './counts.ts';
import { S3Error } from './errors.ts';
import { type Exchange, ExchangeOver } from './exchange.ts';
import { type Fate, type Faults, fateOf } from './faults.ts';
import type { Objects } from './objects.ts';
import { type Commit, prepare, type Reply } from './operations.ts';
import { type RequestHead, readHead } from './request-head.ts';
import { kindOf, type RequestKind } from './request-kind.ts';
import { type Credentials, verifySignature } from './sigv4.ts';
import type { Writers } from './writers.ts';

/** All that requests are served with. */
export interface Service {
  readonly buckets: ReadonlyMap<string, Objects>;
  readonly credentials: readonly Credentials[];
  readonly region: string;
  readonly virtualHost: string;
  readonly seed: number;
  readonly faults: Faults;
  readonly counts: Counts;
  readonly writers: Writers;
  readonly closing: AbortSignal;
}

/** One request on its way through the double. */
interface Visit {
  readonly exchange: Exchange;
  readonly head: RequestHead;
  readonly kind: RequestKind;
  readonly fate: Fate;
  /** Bucket and key. */
  readonly name: string;
}

/**
 * The life of one request. An error that is neither S3's nor the wire's is a bug in the double, and
 * is left to end the process.
 */
export async function serveRequest(
  request: IncomingMessage,
  exchange: Exchange,
  service: Service,
): Promise<void> {
  const { counts, faults, closing } = service;
  try {
    await serve(request, exchange, service);
  } catch (error) {
    if (error instanceof S3Error) {
      counts.error(error.code);
      await exchange.sendError(error, nowMs(service), faults.earlyReplyBytes).catch(ignoreEnd);
    } else if (error instanceof ExchangeOver) {
      if (error.isCutBySender) counts.cutOff += 1;
    } else if (!closing.aborted) throw error;
  }
}

function ignoreEnd(error: unknown): void {
  if (!(error instanceof ExchangeOver)) throw error;
}

async function serve(
  request: IncomingMessage,
  exchange: Exchange,
  service: Service,
): Promise<void> {
  const { counts, faults, seed, virtualHost, writers } = service;
  const head = readHead(request, virtualHost);
  const kind = kindOf(head);
  const name = `${head.bucket}/${head.key}`;
  const fate = fateOf(faults, seed, [kind, name, counts.begin(kind, head.key)]);
  exchange.losesEarlyReplies = fate.isEarlyReplyLost;
  const visit = { exchange, head, kind, fate, name };
  try {
    if (kind === 'put' || kind === 'delete') {
      await writers.during(name, () => answer(visit, service));
    } else await answer(visit, service);
  } finally {
    counts.underWay -= 1;
  }
}

async function answer(visit: Visit, service: Service): Promise<void> {
  const { exchange, fate } = visit;
  const { faults } = service;
  await sufferOutage(visit, service);
  const commit = await receive(visit, service);
  await spend(fate.delayBeforeMs, service);
  await sufferOutage(visit, service);
  await sufferBefore(visit, service);
  const reply = commit();
  await spend(fate.delayAfterMs, service);
  await sufferAfter(visit, service, reply);
  await exchange.send(reply, nowMs(service), faults.earlyReplyBytes);
}

/** Reads the request whole and checks it, in the order in which S3 does. */
async function receive(visit: Visit, service: Service): Promise<Commit> {
  const { head, kind } = visit;
  const { buckets, counts, credentials, faults, region } = service;
  const rules = { credentials, region, nowMs: nowMs(service) };
  const verified = verifySignature(head, rules);
  if (kind === 'other') throw new S3Error('NotImplemented');
  const objects = buckets.get(head.bucket);
  if (objects === undefined) {
    throw new S3Error('NoSuchBucket', { details: { BucketName: head.bucket } });
  }
  const body = bodyOf(visit, counts);
  const clock = () => nowMs(service);
  return await prepare({
    kind,
    head,
    verified,
    body,
    objects,
    faults,
    counts,
    region,
    nowMs: clock,
  });
}

/** The body, up to where the connection is to be reset. */
async function* bodyOf({ exchange, head, fate }: Visit, counts: Counts) {
  const length = Number(head.headers.get('content-length') ?? 0);
  let received = 0;
  for await (const piece of exchange.body()) {
    received += piece.length;
    if (fate.trouble === 'resetBeforeCommit' && received >= fate.where * length) {
      counts.trouble(fate.trouble);
      exchange.reset();
    }
    yield piece;
  }
}

async function sufferOutage({ exchange }: Visit, { faults }: Service): Promise<void> {
  if (faults.outage === 'unavailable') throw new S3Error('ServiceUnavailable');
  if (faults.outage === 'reset') exchange.reset();
  if (faults.outage === 'hang') await exchange.hang();
}

/** What goes wrong before the commit, so that nothing has happened. */
async function sufferBefore(visit: Visit, { counts, writers }: Service): Promise<void> {
  const { exchange, fate, name } = visit;
  const { trouble, where } = fate;
  if (fate.isConflict && visit.head.headers.has('if-none-match') && writers.hasRival(name)) {
    throw new S3Error('ConditionalRequestConflict');
  }
  const isAfter = trouble === 'resetAfterCommit' || trouble === 'cutReply';
  if (trouble === undefined || isAfter || (trouble === 'hang' && where >= 0.5)) return;
  counts.trouble(trouble);
  if (trouble === 'slowDown') throw new S3Error('SlowDown');
  if (trouble === 'internalError') throw new S3Error('InternalError');
  if (trouble === 'hang') await exchange.hang();
  exchange.reset();
}

/** What goes wrong after the commit, so that all has happened and nobody is told. */
async function sufferAfter({ exchange, fate }: Visit, service: Service, reply: Reply) {
  if (fate.trouble === undefined) return;
  service.counts.trouble(fate.trouble);
  if (fate.trouble === 'hang') await exchange.hang();
  if (fate.trouble === 'cutReply') await exchange.cut(reply, nowMs(service));
  exchange.reset();
}

async function spend(ms: number, { closing }: Service): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal: closing });
}

function nowMs({ faults }: Service): number {
  return Date.now() + faults.clockSkewMs;
}
