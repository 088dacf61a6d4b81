import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Value = string | number | boolean | readonly string[];

/** A span as a collector gets it. */
export interface SunkSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** 2 where it failed. */
  readonly status: number;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly tookMs: number;
}

/** How a collector may be: it answers, takes for ever, or refuses. */
type SinkMood = 'well' | 'slow' | 'refusing';

/** A collector for tests: OTLP over HTTP in JSON, on a free port of loopback. */
export interface OtlpSink extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly SunkSpan[];
  /** All that it ever got, as text. */
  readonly bodies: readonly string[];
  /** The newest value of each series, by name and labels: `a.b{x="1"}`. */
  readonly metrics: ReadonlyMap<string, number>;
  mood: SinkMood;
}

export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: SunkSpan[] = [];
  const bodies: string[] = [];
  const metrics = new Map<string, number>();
  const state = { mood: 'well' as SinkMood };
  const server = createServer((request, response) => {
    void receive(request, response).catch(() => response.destroy());
  });
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await textOf(request);
    if (state.mood === 'slow') return; // never answered
    if (state.mood === 'refusing') {
      response.writeHead(503).end();
      return;
    }
    bodies.push(text);
    if (request.url === '/v1/traces') spans.push(...spansIn(JSON.parse(text) as TracesBody));
    if (request.url === '/v1/metrics') readMetrics(JSON.parse(text) as MetricsBody, metrics);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    metrics,
    get mood() {
      return state.mood;
    },
    set mood(mood) {
      state.mood = mood;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly AnyValue[] };
}

type Attributes = readonly { readonly key: string; readonly value: AnyValue }[];

interface TracesBody {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Attributes;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
}

function spansIn({ resourceSpans }: TracesBody): SunkSpan[] {
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map((span) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId || undefined,
      name: span.name,
      kind: span.kind,
      status: span.status?.code ?? 0,
      attributes: attributesOf(span.attributes),
      links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
      tookMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
    }));
}

function attributesOf(attributes: Attributes): Record<string, Value> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: AnyValue): Value {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plain) as string[];
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? '';
}

interface DataPoint {
  readonly attributes?: Attributes;
  readonly asDouble?: number;
  readonly asInt?: number | string;
  readonly count?: number | string;
}

interface Points {
  readonly dataPoints: readonly DataPoint[];
}

interface MetricsBody {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: Points;
        readonly gauge?: Points;
        readonly histogram?: Points;
      }[];
    }[];
  }[];
}

/** Of a histogram its count. */
function readMetrics({ resourceMetrics }: MetricsBody, into: Map<string, number>): void {
  for (const { scopeMetrics } of resourceMetrics) {
    for (const { name, sum, gauge, histogram } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      const points = [sum, gauge, histogram].flatMap((some) => some?.dataPoints ?? []);
      for (const { attributes = [], asDouble, asInt, count } of points) {
        const labels = Object.entries(attributesOf(attributes)).map(([k, v]) => `${k}="${v}"`);
        const series = labels.length === 0 ? name : `${name}{${labels.join()}}`;
        into.set(series, Number(asDouble ?? asInt ?? count));
      }
    }
  }
}
