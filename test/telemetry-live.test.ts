import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { senderSpans } from '@weir/core/sender-spans';
import { expect, test } from 'vitest';
import { startOtlpSink } from './support/otlp-sink.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { startWeir, temporaryFolder } from './support/weir-process.ts';

// The simulator's senders tell what they do, where a collector is named, and only there.

const program = fileURLToPath(
  new URL('../packages/simulator/src/cli/weir-sim.ts', import.meta.url),
);
const quota = { name: 'req', unit: 'requests', tokens: 20, period: '1s', burst: 20 } as const;

/** Two senders of the simulator on a live server for two seconds; what they said to people. */
async function sendLive(env: Readonly<Record<string, string>>): Promise<string> {
  await using folder = await temporaryFolder();
  const key = makeKey();
  const file = join(folder.path, 'tenants.json');
  await writeTenants(file, { t: { keys: [key], quotas: [quota] } });
  const dataDir = join(folder.path, 'data');
  await using weir = await startWeir({ dataDir, env: { WEIR_TENANTS: file } });
  const where = ['--url', weir.url, '--key', key.text];
  const args = [program, 'validate', ...where, '--senders', '2', '--duration', '2s', '--json'];
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env: { ...process.env, ...env } }, (error, out, told) => {
      // 1 says that the simulated run differs from so short a one: not what is asked here.
      if (error !== null && error.code !== 1) reject(new Error(`${error.message}\n${told}`));
      else resolve(out + told);
    });
  });
}

test('an endpoint alone switches on traces and metrics of the senders that the simulator starts', async () => {
  await using sink = await startOtlpSink();
  const told = await sendLive({
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', // the sink reads no other
  });
  expect(told).toContain('"admittedPerSecond"');
  const sends = sink.spans.filter(({ name }) => name === senderSpans.send);
  const batches = sink.spans.filter(({ name }) => name === senderSpans.batch);
  expect(sends.length).toBeGreaterThan(20);
  expect(sends.some(({ attributes }) => senderSpans.receipt in attributes)).toBe(true);
  const traces = new Set(sends.map(({ traceId }) => traceId));
  expect(batches.length).toBeGreaterThan(20);
  for (const { traceId } of batches) expect(traces).toContain(traceId);
  expect(sink.metrics.get('weir.client.events.queued')).toBeGreaterThan(10);
  const all = sink.bodies.join('\n');
  expect(all).toContain('weir-sim');
  expect(all).not.toMatch(/weir_[0-9a-z]{12}_/); // no key, though a sender's command line has one
});
