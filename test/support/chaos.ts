import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { quietLedger } from './ledger.ts';
import { Senders } from './sender.ts';
import { type Books, compare, storedIds } from './stored-events.ts';
import { runWeir, startWeir, temporaryFolder } from './weir-process.ts';

/** Where a server under chaos stores, and what it finds there. */
export interface ChaosStore {
  /** So many requests are under way at once. */
  readonly connections: number;
  /** For the server and its tools, beside what is common to all. */
  readonly env: Readonly<Record<string, string>>;
  /** A server was started and is under load; resolves when it is time to go on to its death. */
  lived(kill: number): Promise<void>;
  /** From now on all is as it should be. */
  mend(): void;
  /** How often each event id stands in the objects. */
  stored(): Promise<Map<string, number>>;
}

export interface ChaosOptions {
  /** How often the server is killed, each time at another random moment under load. */
  readonly kills: number;
  /** A folder beside the spool unless given. */
  readonly store?: ChaosStore;
  /** Another program than `weir serve`, such as one whose store fails half of the time. */
  readonly program?: string;
  readonly log?: (line: string) => void;
}

/** What remains when all is over: nothing in any of the lists, and books that add up. */
export interface Aftermath extends Books {
  readonly acknowledged: number;
  readonly unknown: number;
  /** Answers by their status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** What `weir verify` said, and how it ended. */
  readonly verify: { readonly code: number | string; readonly text: string };
  /** Accepted and recovered less stored, queued, dead and quarantined, as the last server saw it. */
  readonly ledgerDifference: number;
}

/** Small segments that are sealed soon, so that every step of delivery is under way at any moment. */
const busy = { WEIR_SEGMENT_AGE_MS: '100', WEIR_SEGMENT_BYTES: '65536', LOG_LEVEL: 'info' };

/**
 * Kills a server under load, again and again, on the same folder; then lets a last one deliver all
 * there is and holds the objects against what the senders were told.
 */
export async function chaos(options: ChaosOptions): Promise<Aftermath> {
  const { kills, program, log = () => {} } = options;
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const store = options.store ?? folderStore(dataDir);
  const env = { ...busy, ...store.env };
  const senders = new Senders();
  for (let kill = 1; kill <= kills; kill += 1) {
    const faulty = program === undefined ? {} : { program, args: [] };
    const weir = await startWeir({ dataDir, env, ...faulty });
    senders.start(weir, store.connections);
    await store.lived(kill);
    await randomMoment();
    await weir.end('SIGKILL');
    await senders.stop();
    if (kill % 10 === 0) log(`${kill} of ${kills} kills, ${senders.acknowledged.size} events`);
  }
  return await settle(dataDir, senders, store); // the folder must outlive it
}

/** Lets a server that kills itself at a certain step do so under load; then as above. */
export async function crash(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<Aftermath> {
  await using folder = await temporaryFolder();
  const dataDir = folder.path;
  const senders = new Senders();
  const weir = await startWeir({ dataDir, program, args: [], env: { ...busy, ...env } });
  senders.start(weir, 16);
  const ended = await Promise.race([weir.ended, tooLate()]);
  if (ended !== 'SIGKILL') await weir.end('SIGKILL');
  await senders.stop();
  if (ended !== 'SIGKILL') throw new Error(`it never came to ${JSON.stringify(env)}`);
  return await settle(dataDir, senders, folderStore(dataDir)); // the folder must outlive it
}

/** A last server delivers all there is; then every list is held against the objects. */
async function settle(dataDir: string, senders: Senders, store: ChaosStore): Promise<Aftermath> {
  store.mend();
  const last = await startWeir({ dataDir, env: { ...busy, ...store.env } });
  await senders.settle(last);
  const { difference: ledgerDifference } = await quietLedger(last.adminUrl, 120_000);
  await last.end('SIGTERM');

  const tools = { ...store.env, WEIR_DATA_DIR: dataDir };
  const replayed = await runWeir(['replay'], tools);
  if (replayed.code !== 0) throw new Error(`${replayed.stdout}${replayed.stderr}`);
  const verified = await runWeir(['verify'], tools);
  return {
    ...compare(senders, await store.stored()),
    acknowledged: senders.acknowledged.size,
    unknown: senders.unknown.size,
    statuses: senders.statuses,
    verify: { code: verified.code, text: verified.stdout + verified.stderr },
    ledgerDifference,
  };
}

function folderStore(dataDir: string): ChaosStore {
  const stored = () => storedIds(join(dataDir, 'store'));
  return { connections: 16, env: {}, lived: async () => {}, mend() {}, stored };
}

/** Far longer than any step takes to come. */
function tooLate(): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('too late'), 30_000).unref());
}

/** Up to 0.6 s of load, and often right at the start, while the last spool is being recovered. */
function randomMoment(): Promise<void> {
  const ms = randomInt(5) === 0 ? randomInt(30) : randomInt(600);
  return new Promise((resolve) => setTimeout(resolve, ms));
}
