import { runAcceptLatency } from './accept-latency.ts';
import { runClients } from './clients.ts';
import { runDeliver } from './deliver.ts';
import { runGoodput } from './goodput.ts';
import { runIngest } from './ingest.ts';
import { runLimiter } from './limiter.ts';
import { runNeighbour } from './neighbour.ts';
import { runPuts } from './puts.ts';
import { runSimulator } from './simulator.ts';
import { runTelemetry } from './telemetry.ts';
import { runTrack } from './track.ts';

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  'accept-latency': runAcceptLatency,
  clients: runClients,
  deliver: runDeliver,
  goodput: runGoodput,
  ingest: runIngest,
  limiter: runLimiter,
  puts: runPuts,
  neighbour: runNeighbour,
  simulator: runSimulator,
  telemetry: runTelemetry,
  track: runTrack,
};

const [name = 'ingest', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  console.error(`no bench "${name}": expected one of ${Object.keys(benches).join(', ')}`);
  process.exitCode = 2;
} else {
  await bench(args);
}
