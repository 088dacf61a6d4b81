import { type FigureName, figures } from './figures.ts';
import type { PlanTerms, TermName } from './terms.ts';

/** One line of a plan: a number, how it was reckoned, and what it rests on. */
export interface PlanLine {
  readonly name: string;
  readonly says: string;
  readonly value: number;
  readonly unit: string;
  /** In the names of other lines, of terms and of figures. */
  readonly formula: string;
  readonly figures: readonly FigureName[];
  readonly terms: readonly TermName[];
}

export interface Plan {
  readonly terms: PlanTerms;
  readonly lines: readonly PlanLine[];
}

const daySeconds = 86_400;
const monthDays = 30;
const segmentBytesOfBench = 33_554_432;
const bytesOfBench = { single: 1_024, batch: 25_600, requestsADay: 1_440_000_000 };

/**
 * How much it takes to carry a load: servers, shards, objects, bandwidth and dollars, each line with
 * its formula. It is arithmetic on figures that were measured on one small machine: it says how many
 * of that machine are needed, and nothing of a machine that nobody measured.
 */
export function plan(terms: PlanTerms): Plan {
  const load = loadOf(terms);
  const servers = serversOf(terms, load.peak.value);
  const traffic = trafficOf(terms, load);
  const stored = storedOf(terms, load.aDay.value, servers.processes.value);
  const cost = costOf(terms, servers, stored);
  const parts = [load, servers, traffic, stored, cost];
  return { terms, lines: parts.flatMap((part) => Object.values(part) as PlanLine[]) };
}

/** A line's value by its name; throws where there is no such line. */
export function lineValue({ lines }: Plan, name: string): number {
  const line = lines.find((each) => each.name === name);
  if (line === undefined) throw new RangeError(`a plan has no line ${name}`);
  return line.value;
}

/** µs of CPU of one request, by its size: a straight line through the two that were measured. */
export function requestUs(bytes: number): number {
  const perByte =
    (figures.batchUs.value - figures.takeAndDeliverUs.value) /
    (bytesOfBench.batch - bytesOfBench.single);
  return figures.takeAndDeliverUs.value + perByte * (bytes - bytesOfBench.single);
}

interface Basis {
  readonly figures?: readonly FigureName[];
  readonly terms?: readonly TermName[];
}

function line(
  [name, says]: readonly [string, string],
  value: number,
  [unit, formula]: readonly [string, string],
  { figures: from = [], terms: by = [] }: Basis = {},
): PlanLine {
  return { name, says, value, unit, formula, figures: from, terms: by };
}

function loadOf({ users, requests, peakRatio }: PlanTerms) {
  const aDay = users * requests;
  return {
    aDay: line(['requests a day', 'what comes'], aDay, ['', 'users × requests'], {
      terms: ['users', 'requests'],
    }),
    average: line(['average', ''], aDay / daySeconds, ['/s', 'requests a day ÷ 86,400 s']),
    peak: line(
      ['peak', 'the busiest second'],
      (aDay / daySeconds) * peakRatio,
      ['/s', 'average × peakRatio'],
      { terms: ['peakRatio'] },
    ),
  };
}

function serversOf(terms: PlanTerms, peak: number) {
  const { bytes, utilisation, cores, processesAtLeast, redisUs, spoolBytes } = terms;
  const us = requestUs(bytes);
  const perProcess = 1_000_000 / us;
  const processes = Math.max(processesAtLeast, Math.ceil(peak / (perProcess * utilisation)));
  const redisPeak = 1_000_000 / redisUs;
  return {
    cpu: line(
      ['CPU a request', 'taken durably and delivered'],
      us,
      [
        'µs',
        'takeAndDeliverUs + (batchUs − takeAndDeliverUs) ÷ (25,600 − 1,024) × (bytes − 1,024)',
      ],
      { figures: ['takeAndDeliverUs', 'batchUs'], terms: ['bytes'] },
    ),
    perProcess: line(['a process at full load', ''], perProcess, [
      '/s',
      '1,000,000 ÷ CPU a request',
    ]),
    processes: line(
      ['processes', 'one core each'],
      processes,
      ['', 'peak ÷ (a process at full load × utilisation), rounded up, at least processesAtLeast'],
      { terms: ['utilisation', 'processesAtLeast'] },
    ),
    servers: line(
      ['servers', ''],
      Math.ceil(processes / cores),
      ['', 'processes ÷ cores, rounded up'],
      { terms: ['cores'] },
    ),
    shards: line(
      ['Redis shards', 'one decision a request'],
      Math.ceil(peak / (redisPeak * utilisation)),
      ['', 'peak × redisUs ÷ (1,000,000 × utilisation), rounded up'],
      { terms: ['redisUs', 'utilisation'] },
    ),
    holds: line(
      ['the spool holds', 'if the store takes nothing at the peak'],
      (spoolBytes * processes) / (peak * bytes),
      ['s', 'spoolBytes × processes ÷ (peak × bytes)'],
      { terms: ['spoolBytes'] },
    ),
  };
}

function trafficOf({ bytes, headBytes, compression }: PlanTerms, load: ReturnType<typeof loadOf>) {
  const mbit = (perSecond: number, each: number) => (perSecond * each * 8) / 1_000_000;
  return {
    incoming: line(
      ['bandwidth in, at the peak', ''],
      mbit(load.peak.value, bytes + headBytes),
      ['Mbit/s', 'peak × (bytes + headBytes) × 8'],
      { terms: ['bytes', 'headBytes'] },
    ),
    outgoing: line(
      ['bandwidth to the store, at the peak', ''],
      mbit(load.peak.value, bytes / compression),
      ['Mbit/s', 'peak × bytes ÷ compression × 8'],
      { terms: ['compression'] },
    ),
  };
}

function storedOf(terms: PlanTerms, aDay: number, processes: number) {
  const { bytes, segmentBytes, segmentAgeS, objects, compression } = terms;
  const recordBytes = bytes + overheadBytes();
  const bySize = (aDay * recordBytes) / segmentBytes;
  const byAge = (processes * daySeconds) / segmentAgeS;
  const segments = Math.max(bySize, Math.min(byAge, aDay));
  const gigabytes = (aDay * bytes) / compression / 1e9;
  return {
    record: line(
      ['bytes in the spool a request', ''],
      recordBytes,
      ['B', 'bytes + (putsADay ÷ 2 × 33,554,432 ÷ 1,440,000,000 − 1,024)'],
      { figures: ['putsADay'], terms: ['bytes'] },
    ),
    segments: line(
      ['segments a day', ''],
      segments,
      [
        '',
        'the more of: requests a day × bytes in the spool ÷ segmentBytes; processes × 86,400 ÷ segmentAgeS (or one a request)',
      ],
      { terms: ['segmentBytes', 'segmentAgeS'] },
    ),
    objects: line(['objects a day', ''], segments * objects, ['', 'segments a day × objects'], {
      terms: ['objects'],
    }),
    puts: line(['PUTs a day', 'objects and manifests'], segments * (objects + 1), [
      '',
      'segments a day × (objects + 1)',
    ]),
    stored: line(['stored a day', ''], gigabytes, ['GB', 'requests a day × bytes ÷ compression'], {
      terms: ['compression'],
    }),
  };
}

/** What a record needs besides its body: what the PUTs of a real run leave over. */
function overheadBytes(): number {
  const segments = figures.putsADay.value / 2;
  return (segments * segmentBytesOfBench) / bytesOfBench.requestsADay - bytesOfBench.single;
}

function costOf(
  terms: PlanTerms,
  { servers, shards }: ReturnType<typeof serversOf>,
  { puts, stored }: ReturnType<typeof storedOf>,
) {
  const forServers = servers.value * terms.serverDollars;
  const forRedis = shards.value * terms.redisDollars;
  const forPuts = (puts.value * monthDays * terms.putDollars) / 1_000;
  const forStorage = stored.value * terms.keepDays * terms.storageDollars;
  const dollars = (name: string, value: number, formula: string, by: readonly TermName[] = []) =>
    line([name, ''], value, ['$ a month', formula], { terms: by });
  return {
    servers: dollars('$ of servers', forServers, 'servers × serverDollars', ['serverDollars']),
    redis: dollars('$ of Redis', forRedis, 'Redis shards × redisDollars', ['redisDollars']),
    puts: dollars('$ of PUTs', forPuts, 'PUTs a day × 30 × putDollars ÷ 1,000', ['putDollars']),
    storage: dollars('$ of storage', forStorage, 'stored a day × keepDays × storageDollars', [
      'keepDays',
      'storageDollars',
    ]),
    total: dollars('$ in all', forServers + forRedis + forPuts + forStorage, 'the four above'),
  };
}
