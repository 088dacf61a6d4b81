import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpMetrics } from '@weir/core/telemetry-names';
import { paths } from '@weir/core/wire/routes';
import type { Ms, World } from '@weir/core/world/world';
import { formatHistograms, Histogram } from './metric-kinds.ts';

/** As the semantic conventions have them, in microseconds. */
const boundsUs = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1e3, 25e2, 5e3, 75e2, 1e4].map(
  (ms) => ms * 1_000,
);
const microseconds = 1_000_000;

/** The last one is whatever else is asked for, which the conventions leave without a route. */
const routes = [
  paths.events,
  `${paths.receipts}{id}`,
  paths.limits,
  `${paths.problems}{code}`,
  '',
] as const;
/** The last one is whatever else there may be, by the name that the conventions give it. */
const methods = ['POST', 'GET', 'HEAD', 'OPTIONS', '_OTHER'] as const;
const statuses = 1_000;

/** When a request came, on its answer. */
const startedMs = Symbol('when its request came');

type Timed = ServerResponse & { [startedMs]?: Ms };

/** What Node tells when an answer is written. */
interface Finished {
  readonly request: IncomingMessage;
  readonly response: Timed;
}

const finishes = diagnostics.channel('http.server.response.finish');

/**
 * How long answers took, by method, route and status: `http.server.request.duration`. Node itself tells
 * when an answer is written, so nothing is hung on a request. Bounded: methods and routes are of a list,
 * and statuses are those that weir answers.
 */
export class HttpDurations {
  readonly #world: Pick<World, 'now'>;
  readonly #histograms = new Map<number, Histogram>();
  readonly #finished = (message: unknown): void => this.#count(message as Finished);

  /** Counts until it is stopped. */
  constructor(world: Pick<World, 'now'>) {
    this.#world = world;
    finishes.subscribe(this.#finished);
  }

  /** A request came whose answer is to be counted. */
  started(response: ServerResponse): void {
    (response as Timed)[startedMs] = this.#world.now();
  }

  format(): string {
    const series = [...this.#histograms].sort(([a], [b]) => a - b);
    return formatHistograms(
      httpMetrics.seconds,
      series.map(([place, histogram]) => [valuesOf(place), histogram] as const),
    );
  }

  stop(): void {
    finishes.unsubscribe(this.#finished);
  }

  #count({ request, response }: Finished): void {
    const started = response[startedMs];
    if (started === undefined) return; // of another port
    const place =
      (routeOf(request.url ?? '') * methods.length + methodOf(request.method ?? '')) * statuses +
      response.statusCode;
    let histogram = this.#histograms.get(place);
    if (histogram === undefined) {
      histogram = new Histogram(boundsUs, microseconds);
      this.#histograms.set(place, histogram);
    }
    histogram.observe(Math.round((this.#world.now() - started) * 1_000));
  }
}

/** The path alone may be followed by a query. */
function routeOf(url: string): number {
  if (url === paths.events) return 0;
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  if (path === paths.events) return 0;
  if (path.startsWith(paths.receipts)) return 1;
  if (path === paths.limits) return 2;
  if (path.startsWith(paths.problems)) return 3;
  return 4;
}

function methodOf(method: string): number {
  const place = methods.indexOf(method as (typeof methods)[number]);
  return place < 0 ? methods.length - 1 : place;
}

function valuesOf(place: number): string[] {
  const kind = Math.floor(place / statuses);
  const route = routes[Math.floor(kind / methods.length)] as string;
  return [methods[kind % methods.length] as string, route, `${place % statuses}`, 'http'];
}
