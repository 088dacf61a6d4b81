import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startS3Double } from '@weir/s3-double/server';
import { findRedisServer, startRedisServer } from '@weir/server/redis/redis-server.model';
import { findProgram, freePort, listening, saidBy } from './support/child-server.ts';
import { jaeger } from './support/jaeger-program.ts';
import { findVersitygw } from './support/provide-versitygw.ts';
import { startJaeger } from './support/real-jaeger.ts';
import { findPrometheus, startPrometheus } from './support/real-prometheus.ts';
import { startVersitygw } from './support/real-s3.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { startWeir, temporaryFolder, type WeirProcess } from './support/weir-process.ts';

// `npm run stack`: what compose.yaml starts, as processes on free ports of this machine: two servers
// behind a balancer with Redis, an S3 server, Jaeger and Prometheus, as far as they are installed or
// were compiled for the tests. Ends, and cleans up, with Ctrl-C. `--once` sends an event and ends.

type Environment = Readonly<Record<string, string>>;

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder());
const lines: string[] = [];

const env = { ...(await startBucket()), ...(await startRedis()), ...(await startTraces()) };
const key = makeKey();
const tenants = join(folder.path, 'tenants.json');
await writeTenants(tenants, { demo: { keys: [key] } });
const servers = [await startServer('weir-1'), await startServer('weir-2')] as const;
const url = await startBalancer(servers);
await startMetrics(servers);
say();
if (process.argv.includes('--once')) await sendOnce();
else await once(process, 'SIGINT');

async function startBucket(): Promise<Environment> {
  const program = findVersitygw();
  if (program === undefined) {
    const double = stack.use(await startS3Double());
    lines.push(`objects      ${double.endpoint} (the double of the tests: there is no versitygw)`);
    return bucketAt('weir', double.endpoint, { id: 'test', secret: 'test-secret' });
  }
  const s3 = stack.use(await startVersitygw(program));
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = s3.env;
  lines.push(`objects      ${s3.endpoint} (versitygw, bucket ${s3.bucket})`);
  return bucketAt(s3.bucket, s3.endpoint, { id, secret });
}

function bucketAt(
  bucket: string,
  endpoint: string,
  { id, secret }: { readonly id: string; readonly secret: string },
): Environment {
  const keys = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_REGION: 'us-east-1' };
  return { S3_BUCKET: bucket, S3_ENDPOINT: endpoint, ...keys };
}

async function startRedis(): Promise<Environment> {
  if (findRedisServer() === undefined) {
    lines.push('limits       in memory, each server its own: there is no redis-server');
    return {};
  }
  const redis = stack.use(await startRedisServer());
  lines.push(`limits       ${redis.url}`);
  return { REDIS_URL: redis.url };
}

async function startTraces(): Promise<Environment> {
  if (jaeger.find() === undefined) {
    lines.push('traces       none: there is no Jaeger (WEIR_TEST_REAL=1 npm test compiles one)');
    return {};
  }
  const server = stack.use(await startJaeger());
  lines.push(`traces       ${server.url} (its API: the page is in the official image alone)`);
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: server.otlpUrl,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_TRACES_SAMPLER_ARG: '1',
    JAEGER_URL: server.url,
  };
}

async function startServer(name: string): Promise<WeirProcess> {
  const dataDir = join(folder.path, name);
  const own = { ...env, WEIR_TENANTS: tenants, WEIR_SEGMENT_AGE_MS: '1000' };
  const server = stack.use(await startWeir({ dataDir, env: own }));
  lines.push(`console      ${server.adminUrl}/console (${name})`);
  return server;
}

/** nginx with the configuration of compose.yaml; without one the first server alone. */
async function startBalancer([first, second]: readonly [
  WeirProcess,
  WeirProcess,
]): Promise<string> {
  const program = findProgram('nginx');
  if (program === undefined) return first.url;
  const port = await freePort();
  const shipped = await readFile(fileURLToPath(new URL('../deploy/nginx.conf', import.meta.url)));
  const here = shipped
    .toString()
    .replace('weir-1:8080', new URL(first.url).host)
    .replace('weir-2:8080', new URL(second.url).host)
    .replace('listen 8080', `listen 127.0.0.1:${port}`)
    .replace('/tmp/nginx.pid', join(folder.path, 'nginx.pid'))
    .replace(
      'http {',
      `http {\n  client_body_temp_path ${folder.path};\n  proxy_temp_path ${folder.path};`,
    );
  const file = join(folder.path, 'nginx.conf');
  await writeFile(file, here);
  await mkdir(join(folder.path, 'logs'), { recursive: true });
  const log = join(folder.path, 'logs/error.log');
  const args = ['-p', folder.path, '-e', log, '-c', file, '-g', 'daemon off;'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await Promise.race([listening(port), saidBy('nginx', child)]);
  return `http://127.0.0.1:${port}`;
}

async function startMetrics(all: readonly WeirProcess[]): Promise<void> {
  if (findPrometheus() === undefined) {
    lines.push('metrics      /metrics of each server: there is no Prometheus');
    return;
  }
  const targets = all.map(({ adminUrl }) => new URL(adminUrl).host);
  const prometheus = stack.use(await startPrometheus(targets));
  lines.push(`metrics      ${prometheus.url}`);
}

function say(): void {
  const event = '{"type":"hello.world","data":{"n":1}}';
  const curl = `curl -sS ${url}/v1/events -H 'Authorization: Bearer ${key.text}' -H 'Content-Type: application/json' -d '${event}'`;
  const about = [`events to    ${url}/v1/events`, ...lines].map((line) => `  ${line}`).join('\n');
  process.stdout.write(`\nTwo servers are ready.\n${about}\n\nSend an event:\n\n${curl}\n\n`);
}

async function sendOnce(): Promise<void> {
  const headers = { authorization: `Bearer ${key.text}`, 'content-type': 'application/json' };
  const body = '{"type":"hello.world","data":{"n":1}}';
  const reply = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
  const { receipt } = (await reply.json()) as { receipt: string };
  const status = await fetch(`${url}/v1/receipts/${receipt}?wait=20`, { headers });
  process.stdout.write(`${JSON.stringify(await status.json())}\n`);
}
