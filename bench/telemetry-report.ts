import { seededRandom } from '@weir/core/world/random';
import { quantile } from '../test/support/open-loop.ts';
import { median } from './machine.ts';
import type { Ending, TelemetryServer, Turn } from './telemetry-servers.ts';

/** A server with how it ended. */
export interface Ended {
  readonly server: TelemetryServer;
  readonly ending: Ending;
}

/** By name: what each is compared with, and what it may cost. */
export interface Names {
  readonly off: string;
  readonly none: string;
  readonly few: string;
  readonly slow: string;
  readonly dead: string;
}

/** Whether servers had the core to themselves in their turn: otherwise throughput says nothing. */
export interface Clock {
  readonly hasClock: boolean;
}

/** One row for each server, then one line for each goal. */
export function report(all: readonly Ended[], names: Names, { hasClock }: Clock): string {
  const byName = new Map(all.map((ended) => [ended.server.variant.name, ended]));
  const find = (name: string): Ended => byName.get(name) as Ended;
  const off = find(names.off).server.turns;
  const well = find(names.few).server;
  const rows = all.map(({ server, ending }) => {
    const { turns, variant, blocks } = server;
    const of = (pick: (turn: Turn) => number): number => median(turns.map(pick));
    const p99 =
      blocks.length === 0 ? ['–', '–'] : [pooledP99(server), p99Ratio(server, well).ratio];
    return [
      variant.name,
      Math.round(of(({ perSecond }) => perSecond)),
      hasClock ? speed(turns, off).toFixed(2) : '–',
      of(({ cpuUs }) => cpuUs).toFixed(1),
      of(({ mainUs }) => mainUs).toFixed(1),
      spared(turns, off).toFixed(3),
      ...p99.map((value) => (typeof value === 'string' ? value : value.toFixed(2))),
      `${Math.round(turns.at(0)?.rssMiB ?? 0)} … ${Math.round(turns.at(-1)?.rssMiB ?? 0)}`,
      Math.round(ending.peakRssMiB),
      ending.traced,
      ending.lost,
      ending.late,
    ].join(' | ');
  });
  return [
    '| telemetry | requests/s | ÷ off | µs CPU a request | of it main thread | off ÷ it | p99 ms | ÷ well | RSS MiB, first … last turn | peak | traced | spans lost | answers over 2 s |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    '',
    ...goals(find, names, { hasClock }),
  ].join('\n');
}

/** Median over rounds: what is left of the throughput. */
function speed(turns: readonly Turn[], off: readonly Turn[]): number {
  return median(turns.map(({ perSecond }, i) => perSecond / (off[i] as Turn).perSecond));
}

/** Median over rounds: what is left by the server's own CPU time, the steadier figure. */
function spared(turns: readonly Turn[], off: readonly Turn[]): number {
  return median(turns.map(({ cpuUs }, i) => (off[i] as Turn).cpuUs / cpuUs));
}

function pooledP99({ blocks }: TelemetryServer): number {
  return quantile(blocks.flat(), 0.99);
}

interface Interval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const resamples = 400;

/** Of all answers at the fixed rate; the interval, of 95 %, by drawing blocks again. */
function p99Ratio(one: TelemetryServer, other: TelemetryServer): Interval {
  const random = seededRandom(1);
  const count = one.blocks.length;
  const drawn = Array.from({ length: resamples }, () => {
    const places = Array.from({ length: count }, () => Math.floor(random.uniform() * count));
    const p99 = ({ blocks }: TelemetryServer): number =>
      quantile(
        places.flatMap((place) => blocks[place] as readonly number[]),
        0.99,
      );
    return p99(one) / p99(other);
  });
  const ratio = pooledP99(one) / pooledP99(other);
  return { ratio, low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) };
}

const leastLeft = 0.8;
const mostRssMiB = 256;
const mostP99Ratio = 1.05;

function goals(find: (name: string) => Ended, names: Names, clock: Clock): string[] {
  const off = find(names.off).server.turns;
  const well = find(names.few);
  const troubled = [names.slow, names.dead].map(find);
  const peakMiB = Math.max(...[well, ...troubled].map(({ ending }) => ending.peakRssMiB));
  return [
    left(find(names.none).server, off, { goal: 0.95, ...clock }),
    left(well.server, off, { goal: 0.9, ...clock }),
    verdict(well.ending.lost === 0, `${names.few}: ${well.ending.lost} spans lost, goal 0`),
    ...troubled.map(({ server }) => calm(server, well.server)),
    verdict(
      peakMiB <= mostRssMiB,
      `peak RSS at 1 %, whatever the collector does: ${Math.round(peakMiB)} MiB, goal ≤ ${mostRssMiB}`,
    ),
  ];
}

interface Goal extends Clock {
  readonly goal: number;
}

function left(
  { turns, variant }: TelemetryServer,
  off: readonly Turn[],
  { goal, hasClock }: Goal,
): string {
  const cpu = spared(turns, off);
  const wall = hasClock ? speed(turns, off) : cpu;
  const clock = hasClock ? `, ${wall.toFixed(3)} by the clock` : '';
  const text = `${variant.name}: ${cpu.toFixed(3)} of off by CPU${clock}, goal ≥ ${goal}`;
  if (cpu >= goal && wall >= goal) return verdict(true, text);
  const isLeast = goal < 0.95 && Math.min(cpu, wall) >= leastLeft;
  return verdict(false, `${text}${isLeast ? `, at least ${leastLeft} met` : ''}`);
}

function calm(server: TelemetryServer, well: TelemetryServer): string {
  const { ratio, low, high } = p99Ratio(server, well);
  const text = `${server.variant.name}: p99 ${ratio.toFixed(3)} of that with a collector that is well (${low.toFixed(2)} to ${high.toFixed(2)}), goal ≤ ${mostP99Ratio}`;
  if (ratio <= mostP99Ratio || low > mostP99Ratio) return verdict(ratio <= mostP99Ratio, text);
  return `- not told: ${text}; the interval holds it, take more blocks`;
}

function verdict(isMet: boolean, text: string): string {
  return `- ${isMet ? 'met' : 'MISSED'}: ${text}`;
}
