import { createHash } from 'node:crypto';
import { seededRandom } from '@weir/core/world/random';
import { VirtualWorld } from '@weir/core/world/virtual';
import { replayLetters } from '../delivery/dead-letter.ts';
import { StoreError } from '../store/store.ts';
import type { MortalWorld } from './mortal-world.model.ts';
import type { Sabotage } from './sabotage.model.ts';
import { wrongInBooks } from './schedule-books.model.ts';
import {
  drawDenial,
  drawOutage,
  drawSurroundings,
  drawWeather,
  Lots,
} from './schedule-climate.model.ts';
import { Machine } from './schedule-machine.model.ts';
import { ScheduleSenders } from './schedule-senders.model.ts';
import { ScheduleServer } from './schedule-server.model.ts';
import { fair, type Weather } from './weather.model.ts';

/** What a schedule came to. */
export interface Outcome {
  /** Everything that is not as it must be: empty, or there is a bug. */
  readonly wrong: readonly string[];
  readonly batches: number;
  readonly events: number;
  readonly refusals: number;
  readonly crashes: number;
  readonly letters: number;
  /** Requests to the store, all kinds together. */
  readonly requests: number;
  /** Virtual time from the mending of everything to an empty spool, and of all of it. */
  readonly drainMs: number;
  readonly lastedMs: number;
  /** The same for the same seed. */
  readonly digest: string;
}

const actionsPerRun = 50;
/** The longest pause of a backoff, twice, and of a look for the dead. */
const longestDrainMs = 120_000;

/** One history of a machine: all that happens is decided by the seed. */
export async function runSchedule(seed: number, sabotage?: Sabotage): Promise<Outcome> {
  return await new Schedule(seed, sabotage).run();
}

class Schedule {
  readonly #lots: Lots;
  readonly #machine: Machine;
  readonly #senders: ScheduleSenders;
  /** Half of the runs have two servers. Keys are known to one of them only, so these send none. */
  readonly #isPair: boolean;
  readonly #wrong: string[] = [];
  #servers: ScheduleServer[] = [];
  #replaying: MortalWorld | undefined;
  #weather: Weather = fair;
  #crashes = 0;
  #letters = 0;

  constructor(seed: number, sabotage: Sabotage | undefined) {
    const random = seededRandom(seed + 1_000_000);
    this.#lots = new Lots(random);
    this.#isPair = this.#lots.happens(0.5);
    const world = new VirtualWorld({ seed });
    this.#machine = new Machine(world, drawSurroundings(this.#lots), sabotage);
    this.#senders = new ScheduleSenders(random, !this.#isPair);
  }

  async run(): Promise<Outcome> {
    this.#start();
    if (this.#isPair) this.#start();
    for (let i = 0; i < actionsPerRun && this.#wrong.length === 0; i += 1) {
      await this.#act();
      await this.#machine.steps(this.#lots.pick(40));
      this.#balance();
    }
    const drainMs = await this.#finish();
    const { bucket, world, alarms } = this.#machine;
    this.#wrong.push(...alarms, ...this.#senders.wrong);
    if (this.#wrong.length === 0) {
      this.#wrong.push(...(await wrongInBooks(bucket, this.#senders.messages)));
    }
    const acked = this.#senders.messages.filter(({ fate }) => fate === 'acked');
    return {
      wrong: this.#wrong,
      batches: acked.length,
      events: acked.reduce((sum, { ids }) => sum + ids.length, 0),
      refusals: this.#senders.refusals,
      crashes: this.#crashes,
      letters: this.#letters,
      requests: Object.values(bucket.requests).reduce((sum, count) => sum + count, 0),
      drainMs,
      lastedMs: world.now(),
      digest: this.#digest(),
    };
  }

  async #act(): Promise<void> {
    let turn = this.#lots.pick(weights);
    for (const [weight, name] of actions) {
      turn -= weight;
      if (turn < 0) return await this.#acts[name]();
    }
  }

  readonly #acts: Readonly<Record<ActionName, () => Promise<void> | void>> = {
    send: () => this.#send(),
    sendMany: async () => {
      for (let i = 0; i < 5; i += 1) {
        this.#send();
        await this.#machine.pass(this.#lots.pick(200));
      }
    },
    passShort: () => this.#machine.pass(this.#lots.pick(2_000)),
    passLong: () => this.#machine.pass(this.#lots.pick(90_000)),
    weather: () => {
      this.#weather = drawWeather(this.#lots);
      this.#machine.bucket.weather = this.#weather;
    },
    outage: () => {
      this.#machine.bucket.weather = drawOutage(this.#lots);
    },
    denial: () => {
      this.#machine.bucket.weather = drawDenial(this.#lots, this.#weather);
    },
    mend: () => {
      this.#machine.bucket.weather = this.#weather;
    },
    crash: () => this.#crash(),
    stop: () => {
      const server = this.#anyUp();
      if (server !== undefined) void this.#stop(server, this.#lots.pick(8_000));
    },
    replay: () => void this.#replay(),
  };

  #start(): void {
    this.#servers.push(new ScheduleServer(this.#machine));
  }

  /** Sees to it that there are as many servers as there should be. */
  #keepUp(): void {
    this.#servers = this.#servers.filter(({ state }) => state !== 'gone');
    while (this.#servers.length < (this.#isPair ? 2 : 1)) this.#start();
  }

  #anyUp(): ScheduleServer | undefined {
    this.#keepUp();
    return this.#lots.of(this.#servers.filter(({ state }) => state === 'up'));
  }

  #send(): void {
    const server = this.#anyUp();
    if (server === undefined) return;
    for (let n = this.#lots.pick(6); n >= 0; n -= 1) this.#senders.send(server);
  }

  /** One process dies, or all; mostly with the machine, which forgets what was not synced. */
  #crash(): void {
    this.#crashes += 1;
    const losesPower = this.#lots.happens(0.7);
    const dying = losesPower || !this.#isPair ? this.#servers : this.#servers.slice(0, 1);
    for (const server of dying) {
      server.kill();
      this.#senders.died(server);
    }
    if (this.#replaying !== undefined) this.#replaying.isAlive = false;
    this.#replaying = undefined;
    if (losesPower) this.#machine.disk.losePower(this.#machine.world.random);
    this.#keepUp();
  }

  async #stop(server: ScheduleServer, drainMs: number): Promise<void> {
    await server.stop(drainMs);
    this.#senders.died(server);
  }

  /** `weir replay`, beside the servers. A store in trouble ends it. */
  async #replay(): Promise<void> {
    if (this.#replaying !== undefined) return;
    const own = this.#machine.mortal();
    this.#replaying = own;
    try {
      const letters = replayLetters(this.#machine.store(own), new AbortController().signal);
      for await (const { outcome } of letters) if (outcome === 'stored') this.#letters += 1;
    } catch (error) {
      if (!(error instanceof StoreError)) this.#wrong.push(`replay: ${(error as Error).stack}`);
    }
    this.#replaying = undefined;
  }

  #balance(): void {
    for (const server of this.#servers) {
      const difference = server.difference();
      if (difference !== 0) this.#wrong.push(`the ledger is off by ${difference}`);
    }
  }

  /** Everything works again: all is sent, delivered, and the letters replayed. */
  async #finish(): Promise<number> {
    const { world, bucket } = this.#machine;
    bucket.weather = fair;
    this.#machine.isMended = true;
    const startedMs = world.now();
    await this.#drain();
    const drainMs = world.now() - startedMs;
    await this.#stopAll();
    // What could not be removed is there still, and is delivered once more.
    this.#start();
    await this.#drain();
    await this.#stopAll();
    // PUTs that nobody waits for any more come to their end, among them those of letters.
    await this.#machine.pass(longestDrainMs);
    await this.#machine.until(longestDrainMs, () => this.#replaying === undefined);
    const replayed = this.#replay();
    if (!(await this.#machine.until(longestDrainMs, () => this.#replaying === undefined))) {
      this.#wrong.push('replaying letters does not end');
    } else await replayed;
    const left = [...this.#machine.disk.names.keys()].filter((path) => /\.(open|seg)$/.test(path));
    if (left.length > 0) this.#wrong.push(`left in the spool: ${left.join()}`);
    return drainMs;
  }

  async #drain(): Promise<void> {
    const isDrained = () => {
      this.#keepUp();
      for (const server of this.#servers) {
        if (server.state === 'up' && this.#senders.sendWaiting(server)) return false;
      }
      return this.#senders.count('sent') === 0 && this.#servers.every(isIdle);
    };
    if (!(await this.#machine.until(longestDrainMs, isDrained))) {
      const states = this.#servers.map(({ state, spool }) => [state, spool?.status()]);
      this.#wrong.push(`not drained within ${longestDrainMs} ms: ${JSON.stringify(states)}`);
    }
    this.#balance();
  }

  async #stopAll(): Promise<void> {
    const stopping = this.#servers.filter(({ state }) => state === 'up');
    for (const server of stopping) void this.#stop(server, 60_000);
    const areGone = () => this.#servers.every(({ state }) => state === 'gone');
    if (!(await this.#machine.until(longestDrainMs, areGone))) this.#wrong.push('a stop hangs');
    this.#servers = [];
  }

  #digest(): string {
    const hash = createHash('sha256');
    for (const [key, { bytes }] of this.#machine.bucket.objects) hash.update(key).update(bytes);
    for (const { fate, receipt = '' } of this.#senders.messages) hash.update(fate).update(receipt);
    return hash.update(String(this.#machine.world.now())).digest('hex');
  }
}

function isIdle({ state, spool }: ScheduleServer): boolean {
  return state === 'up' && spool?.status().requests === 0;
}

type ActionName =
  | 'send'
  | 'sendMany'
  | 'passShort'
  | 'passLong'
  | 'weather'
  | 'outage'
  | 'denial'
  | 'mend'
  | 'crash'
  | 'stop'
  | 'replay';

/** What may happen, and how often. */
const actions: readonly (readonly [number, ActionName])[] = [
  [30, 'send'],
  [15, 'sendMany'],
  [12, 'passShort'],
  [4, 'passLong'],
  [8, 'weather'],
  [4, 'outage'],
  [3, 'denial'],
  [8, 'mend'],
  [8, 'crash'],
  [2, 'stop'],
  [3, 'replay'],
];
const weights = actions.reduce((sum, [weight]) => sum + weight, 0);
