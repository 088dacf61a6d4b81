import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type OtlpSink, startOtlpSink } from './support/otlp-sink.ts';

// The demo ends as it says: every event that was made lies in an object, once.

const program = fileURLToPath(new URL('./demo.ts', import.meta.url));

test('the demo shows senders at the pace of their quota, and its ledger adds up', async () => {
  await using sink: OtlpSink = await startOtlpSink();
  const env = {
    PATH: process.env.PATH,
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRICS_EXPORTER: 'none',
  };
  const args = [program, '--seconds', '2', '--senders', '2'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const [, made, acked, stored] =
    /made (\d+) = acknowledged (\d+) = stored (\d+): nothing lost/.exec(stdout) ?? [];
  expect(Number(made)).toBeGreaterThan(300);
  expect([acked, stored]).toEqual([made, made]);
  const names = new Set(sink.spans.map(({ name }) => name));
  expect([...names]).toEqual(expect.arrayContaining(['weir send', 'POST /v1/events', 'deliver']));
});
