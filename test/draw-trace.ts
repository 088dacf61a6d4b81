import { readFile, writeFile } from 'node:fs/promises';
import { attributeNames as names, spanNames } from '@weir/core/server-spans';
import { startS3Double } from '@weir/s3-double/server';
import { type Bar, barsOf } from '@weir/server/console/waterfall';
import { findRedisServer, startRedisServer } from '@weir/server/redis/redis-server.model';
import { bucketAt } from './support/bucket.ts';
import { type JaegerTrace, type RealJaeger, startJaeger } from './support/real-jaeger.ts';
import { runTracedSender } from './support/run-traced-sender.ts';
import { eventually, startWeir, temporaryFolder } from './support/weir-process.ts';

// `npm run docs:tracing`: sends one event through client, server, Redis, worker and bucket, asks a real
// Jaeger for its trace, and draws what that said into docs/tracing.md.

const page = new URL('../docs/tracing.md', import.meta.url);
const marks = ['<!-- drawn by npm run docs:tracing -->', '<!-- end of the drawing -->'] as const;
const barWidth = 40;
const shownNames: readonly string[] = [
  names.status,
  names.tenant,
  names.receipt,
  names.limiterSource,
  names.limiterAllowed,
  names.s3Key,
  names.outcome,
];

const drawing = await drawOne();
const text = await readFile(page, 'utf8');
const from = text.indexOf(marks[0]) + marks[0].length;
const to = text.indexOf(marks[1]);
if (to < from) throw new Error(`docs/tracing.md has no ${marks.join(' … ')}`);
await writeFile(page, `${text.slice(0, from)}\n\n${drawing}\n${text.slice(to)}`);

async function drawOne(): Promise<string> {
  await using folder = await temporaryFolder();
  await using double = await startS3Double();
  await using jaeger = await startJaeger();
  await using stack = new AsyncDisposableStack();
  const redis = findRedisServer() && stack.use(await startRedisServer());
  const otlp = {
    OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlpUrl,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  };
  const env = { ...bucketAt(double.endpoint), ...otlp, ...(redis && { REDIS_URL: redis.url }) };
  await using weir = await startWeir({ dataDir: folder.path, env });
  const { traceId } = await runTracedSender(weir, otlp);
  const story = await told(jaeger, traceId, spanNames.deliver, spanNames.request);
  const batchId = barsOf(story).find(({ name }) => name === spanNames.deliver)?.links[0] ?? '';
  const batch = await told(jaeger, batchId, spanNames.batch);
  return `${sectionOf('The trace of the event', story)}\n${sectionOf('The trace of its segment', batch)}`;
}

function told(jaeger: RealJaeger, id: string, ...names: string[]): Promise<JaegerTrace> {
  return eventually(`a trace with ${names.join(' and ')}`, async () => {
    const found = await jaeger.trace(id);
    const told = found?.spans.map(({ operationName }) => operationName) ?? [];
    return names.every((name) => told.includes(name)) ? found : undefined;
  });
}

function sectionOf(title: string, trace: JaegerTrace): string {
  const bars = barsOf(trace);
  const wholeMs = Math.max(...bars.map(({ startMs, tookMs }) => startMs + tookMs));
  const lines = bars.map((bar) => lineOf(bar, wholeMs)).join('\n');
  const facts = bars.map(factsOf).filter((line) => line !== '');
  return `### ${title}\n\n\`\`\`text\ntrace ${trace.traceID}\n\n${lines}\n\`\`\`\n\n${facts.join('\n')}\n`;
}

function lineOf({ name, service, depth, startMs, tookMs, failed }: Bar, wholeMs: number): string {
  const label = `${'  '.repeat(depth)}${name} (${service})`.padEnd(38);
  const before = Math.min(barWidth - 1, Math.floor((barWidth * startMs) / wholeMs));
  const length = Math.max(1, Math.round((barWidth * tookMs) / wholeMs));
  const bar = `${' '.repeat(before)}${'█'.repeat(Math.min(length, barWidth - before))}`;
  return `${label}|${bar.padEnd(barWidth)}| ${tookMs.toFixed(1).padStart(7)} ms${failed ? ' !' : ''}`;
}

function factsOf({ name, facts, links }: Bar): string {
  const shown = Object.entries(facts).filter(([fact]) => shownNames.includes(fact));
  const parts = shown.map(([fact, value]) => `\`${fact}\` = \`${String(value)}\``);
  for (const link of links) parts.push(`links to trace \`${link}\``);
  return parts.length === 0 ? '' : `- **${name}**: ${parts.join(', ')}`;
}
