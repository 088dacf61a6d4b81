import { senderSpans } from '@weir/core/sender-spans';
import { attributeNames } from '@weir/core/server-spans';

/** One bar: where a span lies in its trace, and what of it may be shown. */
export interface Bar {
  readonly name: string;
  readonly service: string;
  /** How deep it lies under the first span. */
  readonly depth: number;
  /** Since the start of the trace. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly failed: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Traces that it links to. */
  readonly links: readonly string[];
}

interface Span {
  readonly spanID: string;
  readonly operationName: string;
  readonly references?: readonly {
    readonly refType: string;
    readonly traceID: string;
    readonly spanID: string;
  }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags?: readonly { readonly key: string; readonly value: unknown }[];
  readonly processID: string;
}

interface Trace {
  readonly spans: readonly Span[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

const mostBars = 200;
const lookMs = 5_000;
const idForm = /^[0-9a-f]{32}$/;
/** Attributes of other services may hold anything: only those that weir and its client make are shown. */
const ours: ReadonlySet<string> = new Set(
  [...Object.values(attributeNames), ...Object.values(senderSpans)].filter((name) =>
    name.includes('.'),
  ),
);

/** A trace as Jaeger's API tells it, as bars in order; undefined where there is none of this id. */
export async function waterfall(jaegerUrl: string, traceId: string): Promise<Bar[] | undefined> {
  if (!idForm.test(traceId)) return undefined;
  const url = new URL(
    `api/traces/${traceId}`,
    jaegerUrl.endsWith('/') ? jaegerUrl : `${jaegerUrl}/`,
  );
  const reply = await fetch(url, { signal: AbortSignal.timeout(lookMs), redirect: 'error' });
  if (!reply.ok) return undefined;
  const { data } = (await reply.json()) as { data?: readonly Trace[] };
  return data?.[0] && barsOf(data[0]);
}

/** Parents before their children, each in the order of time. At most 200. */
export function barsOf({ spans, processes }: Trace): Bar[] {
  const startUs = Math.min(...spans.map(({ startTime }) => startTime));
  const ids = new Set(spans.map(({ spanID }) => spanID));
  const children = new Map<string, Span[]>();
  for (const span of [...spans].sort((a, b) => a.startTime - b.startTime)) {
    const parent = parentOf(span);
    const place = parent !== undefined && ids.has(parent) ? parent : '';
    children.set(place, [...(children.get(place) ?? []), span]);
  }
  const bars: Bar[] = [];
  const seen = new Set<string>();
  const add = (span: Span, depth: number): void => {
    if (bars.length === mostBars || seen.has(span.spanID)) return;
    seen.add(span.spanID);
    const service = processes[span.processID]?.serviceName ?? '';
    bars.push(barOf(span, { service, depth, startUs }));
    for (const child of children.get(span.spanID) ?? []) add(child, depth + 1);
  };
  for (const root of children.get('') ?? []) add(root, 0);
  return bars;
}

function barOf(
  span: Span,
  { service, depth, startUs }: { service: string; depth: number; startUs: number },
): Bar {
  const { operationName: name, startTime, duration, tags = [], references = [] } = span;
  return {
    name,
    service,
    depth,
    startMs: (startTime - startUs) / 1_000,
    tookMs: duration / 1_000,
    failed: tags.some(({ key, value }) => key === 'error' && value === true),
    facts: Object.fromEntries(tags.filter(({ key }) => ours.has(key)).map((t) => [t.key, t.value])),
    links: references
      .filter(({ refType }) => refType === 'FOLLOWS_FROM')
      .map(({ traceID }) => traceID),
  };
}

function parentOf({ references = [] }: Span): string | undefined {
  return references.find(({ refType }) => refType === 'CHILD_OF')?.spanID;
}
