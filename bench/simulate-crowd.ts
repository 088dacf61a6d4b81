import { runScenario } from '@weir/simulator/run';
import { parseScenario, type QuotaScenario } from '@weir/simulator/scenario';
import { strategies } from '@weir/simulator/strategies';

const scenario = parseScenario({
  kind: 'quota',
  id: 'crowd',
  durationMs: 3_600_000,
  server: { quota: { tokens: 1_000, periodMs: 1_000, burst: 4_500 }, initialTokens: 0 },
  clients: [{ processes: 10_000, startMs: [0, 10_000] }],
}) as QuotaScenario;
const strategy = strategies.get(process.argv[2] ?? 'weir');
if (strategy === undefined) throw new Error(`no strategy ${process.argv[2]}`);

const beganMs = performance.now();
const before = process.cpuUsage();
const { clients } = runScenario(scenario, strategy, 1);
const { user, system } = process.cpuUsage(before);
const measured = {
  requests: clients.requests.reduce((sum, count) => sum + count, 0),
  wallMs: Math.round(performance.now() - beganMs),
  cpuMs: Math.round((user + system) / 1_000),
  rssMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
};
console.log(JSON.stringify(measured));
