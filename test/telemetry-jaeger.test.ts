import { senderSpans } from '@weir/core/sender-spans';
import { attributeNames as names, spanNames } from '@weir/core/server-spans';
import { startS3Double } from '@weir/s3-double/server';
import { findRedisServer, startRedisServer } from '@weir/server/redis/redis-server.model';
import { expect, test } from 'vitest';
import { bucketAt } from './support/bucket.ts';
import { inChromium } from './support/chromium.ts';
import { type JaegerSpan, type JaegerTrace, onRealJaeger } from './support/real-jaeger.ts';
import { runTracedSender } from './support/run-traced-sender.ts';
import { eventually, runWeir, startWeir, temporaryFolder } from './support/weir-process.ts';

// From a line in the caller's code to the object in S3, as Jaeger tells it.

const promise = 'one trace leads from the caller to the object that holds the event';

onRealJaeger(promise, (jaeger) => {
  inChromium(
    'the console page draws what became of a receipt, and links there',
    async (browser) => {
      await using folder = await temporaryFolder();
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: jaeger().otlpUrl,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        WEIR_SEGMENT_AGE_MS: '100',
        JAEGER_URL: jaeger().url,
      };
      await using weir = await startWeir({ dataDir: folder.path, env });
      const { traceId, receipt } = await runTracedSender(weir, env);
      await eventually('the whole story', async () => {
        const found = await jaeger().trace(traceId);
        // The server makes the spans of requests many at a time, so these may come last.
        const all = [spanNames.deliver, spanNames.request];
        return found && all.every((name) => named(found, name).length > 0) ? found : undefined;
      });
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      await page.goto(`${weir.adminUrl}/console`);
      await page.getByText('all is well').waitFor();
      await page.getByRole('textbox', { name: 'Receipt' }).fill(receipt);
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.locator('.bar').first().waitFor();
      const bars = await page.locator('.bar .name').allTextContents();
      expect(bars.map((bar) => bar.trim())).toEqual([
        'pay order checkout',
        `${senderSpans.send} checkout`,
        `${senderSpans.batch} checkout`,
        `${spanNames.request} weir`,
        `${spanNames.append} weir`,
        `${spanNames.deliver} weir`,
      ]);
      const link = await page.getByRole('link', { name: traceId }).getAttribute('href');
      expect(link).toBe(`${jaeger().url}/trace/${traceId}`);
      const { WEIR_TEST_SCREENSHOTS: screenshots } = process.env;
      if (screenshots !== undefined)
        await page.screenshot({ path: `${screenshots}/waterfall.png` });
    },
  );

  test('through SDK, server, Redis, worker and bucket', async () => {
    await using folder = await temporaryFolder();
    await using double = await startS3Double();
    await using stack = new AsyncDisposableStack();
    const redis = findRedisServer() && stack.use(await startRedisServer());
    const otlp = {
      OTEL_EXPORTER_OTLP_ENDPOINT: jaeger().otlpUrl,
      OTEL_METRICS_EXPORTER: 'none', // Jaeger takes none
      OTEL_BSP_SCHEDULE_DELAY: '50',
    };
    const bucket = bucketAt(double.endpoint);
    const env = { ...bucket, ...otlp, ...(redis && { REDIS_URL: redis.url }) };
    await using weir = await startWeir({ dataDir: folder.path, env });

    const { traceId, receipt } = await runTracedSender(weir, otlp);
    const story = await eventually('the whole story', async () => {
      const found = await jaeger().trace(traceId);
      // The server makes the spans of requests many at a time, so these may come last.
      const all = [spanNames.deliver, spanNames.request];
      return found && all.every((name) => named(found, name).length > 0) ? found : undefined;
    });

    const chain = [
      'pay order',
      senderSpans.send,
      senderSpans.batch,
      spanNames.request,
      spanNames.deliver,
    ].map((name) => the(story, name));
    for (const [place, span] of chain.entries()) {
      const above = chain[place - 1];
      if (above !== undefined) expect(parentOf(span)).toBe(above.spanID);
    }
    const services = new Set(Object.values(story.processes).map(({ serviceName }) => serviceName));
    expect([...services].sort()).toEqual(['checkout', 'weir']);
    const request = the(story, spanNames.request);
    expect(parentOf(the(story, spanNames.append))).toBe(request.spanID);
    if (redis) expect(parentOf(the(story, spanNames.redis))).toBe(request.spanID);
    expect(tag(request, names.receipt)).toBe(receipt);

    const deliver = the(story, spanNames.deliver);
    const key = tag(deliver, names.s3Key);
    const link = deliver.references.find(({ refType }) => refType === 'FOLLOWS_FROM');
    const batchTrace = await eventually('the trace of the batch', () =>
      jaeger().trace(link?.traceID ?? ''),
    );
    const batch = the(batchTrace, spanNames.batch);
    expect(link?.spanID).toBe(batch.spanID);
    expect(batch.references).toContainEqual({
      refType: 'FOLLOWS_FROM',
      traceID: traceId,
      spanID: deliver.spanID,
    });
    const puts = named(batchTrace, spanNames.put);
    expect(puts.map((span) => tag(span, names.s3Key))).toContain(key);
    for (const put of puts) expect(parentOf(put)).toBe(batch.spanID);

    const tools = { ...bucket, WEIR_DATA_DIR: folder.path };
    const { stdout } = await runWeir(['cat', '--object', String(key)], tools);
    expect(stdout).toContain('content-stays-secret');
    expect(JSON.stringify([story, batchTrace])).not.toContain('content-stays-secret');
    expect(JSON.stringify([story, batchTrace])).not.toContain(weir.key);
  });
});

function named({ spans }: JaegerTrace, name: string): JaegerSpan[] {
  return spans.filter(({ operationName }) => operationName === name);
}

function the(trace: JaegerTrace, name: string): JaegerSpan {
  const [span, ...others] = named(trace, name);
  const all = trace.spans.map(({ operationName }) => operationName).join(', ');
  if (span === undefined) throw new Error(`no span ${name} among ${all}`);
  expect(others, name).toEqual([]);
  return span;
}

function parentOf({ references }: JaegerSpan): string | undefined {
  return references.find(({ refType }) => refType === 'CHILD_OF')?.spanID;
}

function tag({ tags }: JaegerSpan, name: string): unknown {
  return tags.find(({ key }) => key === name)?.value;
}
