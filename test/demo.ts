import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readMetric } from './support/metrics.ts';
import { makeKey, writeTenants } from './support/tenants.ts';
import { eventually, runWeir, startWeir, temporaryFolder } from './support/weir-process.ts';

// `npm run demo`: a server with a small quota, four processes that send more than it bears through the
// client, and a view of how they fare: pace, refusals, what waits, objects. Ends with the ledger: every
// event that was made lies in an object, once. With OTEL_EXPORTER_OTLP_ENDPOINT set it is traced.

interface SenderFacts {
  readonly queued: number;
  readonly acked: number;
  readonly inMemory: number;
  readonly requests: number;
  readonly rateLimited: number;
  readonly dropped: number;
  readonly pace?: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    senders: { type: 'string', default: '4' },
  },
});
const quota = { name: 'requests', unit: 'requests', tokens: 8, period: '1s', burst: 8 } as const;
const nothing: SenderFacts = {
  queued: 0,
  acked: 0,
  inMemory: 0,
  requests: 0,
  rateLimited: 0,
  dropped: 0,
};
const program = fileURLToPath(new URL('./support/demo-sender.ts', import.meta.url));
const telemetry = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_')),
) as Record<string, string>;

await using folder = await temporaryFolder();
const key = makeKey();
const tenants = join(folder.path, 'tenants.json');
await writeTenants(tenants, { demo: { keys: [key], quotas: [quota] } });
const env = { WEIR_TENANTS: tenants, WEIR_SEGMENT_AGE_MS: '1000', ...telemetry };
await using weir = await startWeir({ dataDir: folder.path, env });
process.stdout.write(
  `A server lets ${quota.tokens} requests a second pass; ${values.senders} processes share them.\n` +
    `Its console: ${weir.adminUrl}/console\n\n`,
);

const facts = new Map<number, SenderFacts>();
const senders = Array.from({ length: Number(values.senders) }, (_, place) => runSender(place));
let drawn = 0;
const drawing = setInterval(() => void draw(), process.stdout.isTTY ? 500 : 2_500);
const codes = await Promise.all(senders);
clearInterval(drawing);
await eventually(
  'an empty spool',
  async () => ((await readMetric(weir.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined),
  60_000,
);
await draw();
process.exitCode = await tellLedger();

/** Resolves with its exit code. */
async function runSender(place: number): Promise<number> {
  facts.set(place, nothing);
  const own = { PATH: process.env.PATH, WEIR_URL: weir.url, WEIR_API_KEY: key.text, ...telemetry };
  const child = spawn(process.execPath, [program, values.seconds], {
    env: own,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface(child.stdout).on('line', (line) => facts.set(place, JSON.parse(line)));
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function draw(): Promise<void> {
  const metric = (name: string) => readMetric(weir.adminUrl, name);
  const [taken, refused, waiting, objects] = await Promise.all([
    metric('weir_events_accepted_total'),
    metric('weir_requests_total{code="rate_limited"}'),
    metric('weir_spool_events'),
    metric('weir_objects_total{state="stored"}'),
  ]);
  const head = 'sender   made  acked  in memory  requests  429s  pace';
  const rows = [...facts].map(([place, sender]) => {
    const { queued, acked, inMemory, requests, rateLimited, pace } = sender;
    const numbers = [
      String(place + 1).padEnd(6),
      String(queued).padStart(7),
      String(acked).padStart(7),
      String(inMemory).padStart(11),
      String(requests).padStart(10),
      String(rateLimited).padStart(6),
      pace === undefined ? '     –' : `${pace.toFixed(1)}/s`.padStart(6),
    ];
    return numbers.join('');
  });
  const server = `server   ${taken} taken, ${refused} refused, ${waiting} waiting, ${objects} objects`;
  const lines = [head, ...rows, server, ''];
  const back = process.stdout.isTTY && drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '';
  process.stdout.write(`${back}${lines.join('\n')}\n`);
  drawn = lines.length;
}

/** 0 where it adds up. */
async function tellLedger(): Promise<number> {
  const all = [...facts.values()];
  const sumOf = (pick: (sender: SenderFacts) => number) =>
    all.reduce((sum, sender) => sum + pick(sender), 0);
  await weir.end('SIGTERM');
  const { stdout } = await runWeir(['verify', '--json'], { WEIR_DATA_DIR: folder.path });
  const { total, findings } = JSON.parse(stdout) as {
    total: { stored: number };
    findings: readonly unknown[];
  };
  const made = sumOf(({ queued }) => queued);
  const acked = sumOf(({ acked: some }) => some);
  const refusals = sumOf(({ rateLimited }) => rateLimited);
  const requests = sumOf(({ requests: some }) => some);
  const adds = made === acked && acked === total.stored && findings.length === 0;
  process.stdout.write(
    `made ${made} = acknowledged ${acked} = stored ${total.stored}: ${adds ? 'nothing lost, nothing twice' : 'this does not add up'}\n` +
      `${requests} requests, ${refusals} of them refused for their pace\n`,
  );
  return adds && codes.every((code) => code === 0) ? 0 : 1;
}
