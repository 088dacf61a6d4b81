import type { Answer } from './attempt.ts';
import type { Item } from './item.ts';

/** The span of one batch. */
export interface BatchSpan {
  /** For the header of the request; undefined where the batch is not sampled. */
  readonly traceparent: string | undefined;
  /** Runs a request in such a way that nobody else makes spans of it. */
  run<T>(task: () => Promise<T>): Promise<T>;
  attempted(answer: Answer, attempts: number): void;
  end(): void;
}

/** The span of one `send`, from the call to its acknowledgement. */
export interface SendSpan {
  /** For the event itself; undefined where it is not sampled. */
  readonly traceparent: string | undefined;
  ended(receipt: string | undefined, error: unknown): void;
}

/** Where spans go. The one adapter is `./otel`, loaded only where the host has registered one. */
export interface Tracing {
  startSend(type: string): SendSpan | undefined;
  /** A child of its first sampled event; links the others. */
  startBatch(items: readonly Item[], key: string): BatchSpan | undefined;
}
