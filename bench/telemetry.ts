import { execFileSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { type Ended, type Names, report } from './telemetry-report.ts';
import { askInTurn, TelemetryServer, type Variant } from './telemetry-servers.ts';

const names: Names = {
  off: 'off',
  none: 'on, 0 %',
  few: 'on, 1 %',
  slow: 'on, 1 %, slow collector',
  dead: 'on, 1 %, dead collector',
};

const variants: readonly Variant[] = [
  { name: names.off },
  { name: names.none, ratio: '0' },
  { name: names.few, ratio: '0.01' },
  { name: 'on, 100 %', ratio: '1' },
  { name: names.slow, ratio: '0.01', collector: 'slow' },
  { name: names.dead, ratio: '0.01', collector: 'dead' },
];

const blockSeconds = 2;
/** A batch of spans that is not full waits five seconds to be sent: that belongs to its turn. */
const exportedMs = 5_500;

/**
 * What traces cost: off, on and by share, with a collector that is well, slow or dead. All servers run
 * at once and take turns: first at full load, round after round, for throughput and CPU; then at a fixed
 * rate, request after request, for the p99.
 */
export async function runTelemetry(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      warm: { type: 'string', default: '7' },
      blocks: { type: 'string', default: '20' },
      rate: { type: 'string', default: '250' },
      together: { type: 'boolean', default: false },
    },
  });
  execFileSync('taskset', ['-acp', '1', `${process.pid}`], { stdio: 'ignore' }); // as the generator
  const servers: TelemetryServer[] = [];
  try {
    for (const variant of variants) servers.push(await TelemetryServer.start(variant));
    const { together } = values;
    const load = together ? loadTogether : takeTurns;
    // Together each has a share of the core alone.
    const share = together ? servers.length : 1;
    await load(servers, { rounds: 1, seconds: share * Number(values.warm) });
    for (const server of servers) server.warm();
    await load(servers, {
      rounds: Number(values.rounds),
      seconds: share * Number(values.seconds),
    });
    await new Promise((resolve) => setTimeout(resolve, exportedMs));
    for (const server of servers) server.endTurn();
    await askAtRate(servers, { blocks: Number(values.blocks), perSecond: Number(values.rate) });

    const ended: Ended[] = [];
    for (const server of servers) ended.push({ server, ending: await server.end() });
    const table = report(ended, names, { hasClock: !together });
    console.log(table);
    const title = `${new Date().toISOString().slice(0, 16)} · ${describeMachine()} · ${values.rounds} rounds of ${values.seconds} s${together ? ', all at once' : ''}, p99 of ${values.blocks} blocks of ${blockSeconds} s at ${values.rate}/s`;
    const history = new URL('./history-telemetry.md', import.meta.url);
    await appendFile(history, `\n## ${title}\n\n${table}\n`);
  } finally {
    for (const server of servers) await server.close();
  }
}

async function takeTurns(
  servers: readonly TelemetryServer[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const server of order) {
      await server.fullLoad(seconds);
      const { name } = server.variant;
      console.error(`round ${round + 1} of ${rounds}, ${seconds} s: ${name}: ${server.pace}`);
    }
  }
}

/** For a machine that others use: what disturbs one disturbs all. Only CPU time says anything then. */
async function loadTogether(
  servers: readonly TelemetryServer[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(servers.map((server) => server.fullLoad(seconds)));
    console.error(`round ${round + 1} of ${rounds}, ${seconds} s: all at once`);
  }
}

async function askAtRate(
  servers: readonly TelemetryServer[],
  { blocks, perSecond }: { readonly blocks: number; readonly perSecond: number },
): Promise<void> {
  const asked = servers.filter(
    ({ variant }) => variant.name !== names.none && variant.ratio !== '1',
  );
  const block = { perSecond, seconds: blockSeconds };
  await askInTurn(asked, block); // what full load left behind ends with it
  for (const server of asked) server.blocks.length = 0;
  for (let turn = 0; turn < blocks; turn += 1) await askInTurn(asked, block);
}
