import { backoffMs } from '@weir/core/retry';
import type { World } from '@weir/core/world/world';
import type { Address, Answer, AttemptDeps, Failed, Taken } from './attempt.ts';
import { type Batch, halvesOf } from './batch.ts';
import type { Gate, Pass } from './gate.ts';
import type { ResolvedOptions } from './options.ts';
import type { BatchSpan, Tracing } from './tracing.ts';
import { isWeirError, WeirError } from './weir-error.ts';

/** Hears what becomes of a batch; exactly one of the three is called for each event of it. */
export interface Outcomes {
  taken(batch: Batch, answer: Taken, origin: string): void;
  /** Refused for good. */
  refused(batch: Batch, answer: Failed, error: WeirError): void;
  /** Given up without an answer that settles it. */
  givenUp(batch: Batch, error: WeirError): void;
}

/** Hears what happens on the way. */
export interface SendEvents {
  attempting(batch: Batch, pass: Pass): void;
  failed(batch: Batch, answer: Answer & Failed): void;
  /** The key was refused: nothing goes out for a while. Returns what of the batch is still wanted. */
  held(batch: Batch, error: WeirError): Batch | undefined;
  /** Resolves when the split is as safe as the batch was. */
  split(batch: Batch): Promise<void>;
}

export interface SendDeps extends AttemptDeps {
  readonly world: World;
  readonly gate: Gate;
  readonly outcomes: Outcomes;
  readonly events: SendEvents;
  readonly tracing: () => Tracing | undefined;
  readonly options: ResolvedOptions;
}

let loading: Promise<typeof import('./attempt.ts')> | undefined;

/** What makes requests and reads replies, loaded with the first delivery: importing stays cheap. */
function loadAttempt(): Promise<typeof import('./attempt.ts')> {
  loading ??= import('./attempt.ts');
  return loading;
}

const backoff = { baseMs: 200, maxMs: 30_000 };

/**
 * The life of one delivery, top to bottom: waits for leave, sends, and does what the table of
 * reactions says, until the server took the batch or nothing can be done. Never rejects.
 */
export async function deliver(batch: Batch, deps: SendDeps, signal: AbortSignal): Promise<void> {
  if (batch.splits.has(batch.key)) return await deliverHalves(batch, deps, signal);
  const span = deps.tracing()?.startBatch(batch.items, batch.key);
  try {
    const { attempt, prepare } = await loadAttempt();
    let current = batch;
    for (;;) {
      await prepare(current, deps.compress);
      const pass = await deps.gate.pass(current, signal);
      current.attempts += 1;
      deps.events.attempting(current, pass);
      const send = (address: Address): Promise<Answer> => attempt(current, address, deps, signal);
      const answer = await attemptWith(pass, current, span, send);
      if (answer.is === 'taken') return deps.outcomes.taken(current, answer, pass.origin);

      const next = react(current, answer, deps);
      if (next === 'done') return;
      if (next === 'split') return await deliverHalves(current, deps, signal);
      current = next;
    }
  } catch (error) {
    deps.outcomes.givenUp(batch, asWeirError(error, batch));
  } finally {
    span?.end();
  }
}

/** What the table says about a failure: send this batch, send it in halves, or it is done. */
function react(batch: Batch, answer: Answer & Failed, deps: SendDeps): Batch | 'split' | 'done' {
  const { outcomes, events, options, world } = deps;
  events.failed(batch, answer);
  if (answer.isAmbiguous) batch.ambiguousSince ??= world.date();
  const error = errorOf(batch, answer);
  const refuse = (): 'done' => {
    outcomes.refused(batch, answer, error);
    return 'done';
  };
  switch (answer.reaction.next) {
    case 'again': {
      const end = reasonToStop(batch, answer, options);
      if (end !== undefined) {
        outcomes.givenUp(batch, end);
        return 'done';
      }
      backOff(batch, answer, world);
      return batch;
    }
    case 'plain':
      if (batch.isPlain) return refuse();
      batch.isPlain = true;
      return batch;
    case 'split':
      return batch.items.length > 1 ? 'split' : refuse();
    case 'hold':
      return events.held(batch, error) ?? 'done';
    case 'never':
      return refuse();
  }
}

/** A definite refusal left nothing behind, so each half is a batch of its own. */
async function deliverHalves(batch: Batch, deps: SendDeps, signal: AbortSignal): Promise<void> {
  if (!batch.splits.has(batch.key)) await deps.events.split(batch);
  for (const half of halvesOf(batch)) {
    const isSettled = half.items.every(({ isGone }) => isGone); // by an earlier process
    if (!isSettled) await deliver(half, deps, signal);
  }
}

async function attemptWith(
  pass: Pass,
  batch: Batch,
  span: BatchSpan | undefined,
  send: (address: Address) => Promise<Answer>,
): Promise<Answer> {
  let answer: Answer | undefined;
  try {
    const task = (): Promise<Answer> => send({ ...pass, traceparent: span?.traceparent });
    answer = await (span === undefined ? task() : span.run(task));
    span?.attempted(answer, batch.attempts);
    return answer;
  } finally {
    pass.learn(answer);
  }
}

/** Why a batch that could be sent again is not; undefined where it is. */
function reasonToStop(
  batch: Batch,
  answer: Answer & Failed,
  { maxAttempts, maxRetryAfterMs, deliveryTimeoutMs, spool }: ResolvedOptions,
): WeirError | undefined {
  const { retryAfterMs = 0 } = answer.news;
  if (retryAfterMs > maxRetryAfterMs && spool === undefined) return errorOf(batch, answer);
  if (!answer.reaction.isPaid) return undefined; // it was only paced
  const facts = { ...factsOf(batch, answer), cause: errorOf(batch, answer) };
  if (batch.failures + 1 >= maxAttempts) {
    const detail = `not delivered in ${maxAttempts} tries (maxAttempts): ${answer.detail}`;
    return new WeirError('attempts_exhausted', detail, facts);
  }
  if (batch.spentMs < deliveryTimeoutMs) return undefined;
  const detail = `not delivered within ${deliveryTimeoutMs} ms (deliveryTimeoutMs): ${answer.detail}`;
  return new WeirError('expired', detail, facts);
}

/** What was only paced waits for its turn; a fault waits on its own. */
function backOff(batch: Batch, { reaction, news }: Answer & Failed, world: World): void {
  if (!reaction.isPaid) return;
  batch.failures += 1;
  const floorMs = reaction.clock === 'request' ? (news.retryAfterMs ?? 0) : 0;
  batch.notBeforeMs = world.now() + backoffMs(backoff, batch.failures, floorMs, world.random());
}

function factsOf(batch: Batch, { status, news }: Answer & Failed): object {
  const { retryAfterMs } = news;
  return { status, attempts: batch.attempts, retryAfterMs, requestId: batch.key };
}

function errorOf(batch: Batch, answer: Answer & Failed): WeirError {
  return new WeirError(answer.code, answer.detail, factsOf(batch, answer));
}

function asWeirError(error: unknown, batch: Batch): WeirError {
  if (isWeirError(error)) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const facts = { attempts: batch.attempts, requestId: batch.key, cause: error };
  return new WeirError('no_answer', detail, facts);
}
