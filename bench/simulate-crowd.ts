import { runScenario } from '@weir/simulator/run';
import { parseScenario, type QuotaScenario } from '@weir/simulator/scenario';
import { strategies } from '@weir/simulator/strategies';
import { plainCrowd } from './plain-crowd.ts';

const scenario = parseScenario({
  kind: 'quota',
  id: 'crowd',
  durationMs: 3_600_000,
  server: { quota: { tokens: 1_000, periodMs: 1_000, burst: 4_500 }, initialTokens: 0 },
  clients: [{ processes: 10_000, startMs: [0, 10_000] }],
}) as QuotaScenario;
const name = process.argv[2] ?? 'weir';
const strategy = strategies.get(name);
if (strategy === undefined && name !== 'plain') throw new Error(`no strategy ${name}`);

/** Requests that were made: an hour by a strategy, ten minutes by the plain simulator. */
function simulate(): number {
  if (strategy === undefined) return plainCrowd(600);
  const { clients } = runScenario(scenario, strategy, 1);
  return clients.requests.reduce((sum, count) => sum + count, 0);
}

const before = process.cpuUsage();
const requests = simulate();
const { user, system } = process.cpuUsage(before);
const cpuMs = Math.round((user + system) / 1_000);
const rssMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
console.log(JSON.stringify({ requests, cpuMs, rssMiB }));
