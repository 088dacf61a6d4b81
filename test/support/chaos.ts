import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { readMetric } from './metrics.ts';
import { Senders } from './sender.ts';
import { type Books, compare, storedIds } from './stored-events.ts';
import {
  eventually,
  runWeir,
  startWeir,
  temporaryFolder,
  type WeirProcess,
} from './weir-process.ts';

export interface ChaosOptions {
  /** How often the server is killed, each time at another random moment under load. */
  readonly kills: number;
  /** Another program than `weir serve`, such as one whose store fails half of the time. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: (line: string) => void;
}

export interface ChaosResult extends Books {
  readonly kills: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** What `weir verify` said, and how it ended. */
  readonly verify: { readonly code: number | string; readonly text: string };
  /** Accepted and recovered less stored, queued, dead and quarantined, as the last server saw it. */
  readonly ledgerDifference: number;
}

/**
 * Kills a server under load, again and again, on the same folder; then lets a last one deliver all
 * there is and holds the objects against what the senders were told.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { kills, program, env = {}, log = () => {} } = options;
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const senders = new Senders();
  const start = (faulty: boolean): Promise<WeirProcess> =>
    startWeir({
      dataDir,
      env: { WEIR_SEGMENT_AGE_MS: '100', WEIR_SEGMENT_BYTES: '65536', LOG_LEVEL: 'info', ...env },
      ...(faulty && program !== undefined ? { program, args: [] } : {}),
    });

  for (let kill = 1; kill <= kills; kill += 1) {
    const weir = await start(true);
    senders.start(weir, 16);
    await randomMoment();
    await weir.end('SIGKILL');
    await senders.stop();
    if (kill % 10 === 0) log(`${kill} of ${kills} kills, ${senders.acknowledged.size} events`);
  }

  const last = await start(false);
  await senders.settle(last);
  await eventually(
    'the last server delivers all there is',
    async () => ((await readMetric(last.adminUrl, 'weir_spool_requests')) === 0 ? true : undefined),
    120_000,
  );
  const ledgerDifference = await readMetric(last.adminUrl, 'weir_ledger_difference');
  await last.end('SIGTERM');

  const stored = await storedIds(join(dataDir, 'store'));
  const verified = await runWeir(['verify'], { WEIR_DATA_DIR: dataDir });
  return {
    kills,
    ...compare(senders, stored),
    acknowledged: senders.acknowledged.size,
    unknown: senders.unknown.size,
    statuses: senders.statuses,
    verify: { code: verified.code, text: verified.stdout + verified.stderr },
    ledgerDifference,
  };
}

/** Up to 0.6 s of load, and often right at the start, while the last spool is being recovered. */
function randomMoment(): Promise<void> {
  const ms = randomInt(5) === 0 ? randomInt(30) : randomInt(600);
  return new Promise((resolve) => setTimeout(resolve, ms));
}
