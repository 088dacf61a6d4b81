/** What is to be carried, and on what. Every one can be given on the command line. */
export interface PlanTerms {
  readonly users: number;
  /** Requests of one user in a day. */
  readonly requests: number;
  /** Body of one request, decoded. */
  readonly bytes: number;
  /** The busiest second over the average one. */
  readonly peakRatio: number;
  /** Share of a core that may be busy at the peak. */
  readonly utilisation: number;
  /** Cores of a server, one process each. */
  readonly cores: number;
  readonly processesAtLeast: number;
  /** CPU of Redis for one decision. */
  readonly redisUs: number;
  /** What a request carries besides its body: head, TCP and IP. */
  readonly headBytes: number;
  readonly segmentBytes: number;
  readonly segmentAgeS: number;
  /** Objects made of one segment; the manifest comes on top. */
  readonly objects: number;
  readonly spoolBytes: number;
  /** Bytes of events over bytes of objects. */
  readonly compression: number;
  readonly keepDays: number;
  readonly serverDollars: number;
  readonly redisDollars: number;
  readonly putDollars: number;
  readonly storageDollars: number;
}

export type TermName = keyof PlanTerms;

export interface Term {
  readonly name: TermName;
  /** What holds unless it is given; undefined where it must be. */
  readonly otherwise: number | undefined;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  readonly says: string;
}

const gib = 1_073_741_824;
const mib = 1_048_576;
const whole = true;
const number = false;

type Given = readonly [TermName, number | undefined, readonly [number, number, boolean], string];

const rows: readonly Given[] = [
  ['users', undefined, [1, 1e11, whole], 'users, devices or senders'],
  ['requests', undefined, [0.001, 1e9, number], 'requests of one user a day'],
  ['bytes', 1_024, [1, 32 * mib, whole], 'bytes of a request, decoded'],
  ['peakRatio', 2, [1, 1_000, number], 'busiest second over the average one'],
  ['utilisation', 0.5, [0.05, 1, number], 'share of a core that may be busy at the peak'],
  ['cores', 2, [1, 512, whole], 'cores of a server, one process each'],
  ['processesAtLeast', 2, [1, 1_000, whole], 'processes, however little there is to do'],
  ['redisUs', 4.2, [0.1, 1_000, number], "µs of Redis' CPU for one decision"],
  ['headBytes', 400, [0, 65_536, whole], 'bytes of head, TCP and IP a request'],
  ['segmentBytes', 32 * mib, [1_024, gib, whole], 'WEIR_SEGMENT_BYTES'],
  ['segmentAgeS', 10, [0.01, 3_600, number], 'WEIR_SEGMENT_AGE_MS, in seconds'],
  ['objects', 1, [1, 16, number], 'objects of one segment, on average'],
  ['spoolBytes', 2 * gib, [1_024, 1_048_576 * gib, whole], 'WEIR_MAX_QUEUE_BYTES'],
  ['compression', 5, [1, 1_000, number], 'bytes of events over bytes of objects'],
  ['keepDays', 30, [0, 36_500, number], 'days an object is kept'],
  ['serverDollars', 53, [0, 1e6, number], '$ a month for one server'],
  ['redisDollars', 53, [0, 1e6, number], '$ a month for one Redis shard'],
  ['putDollars', 0.005, [0, 1e3, number], '$ for 1,000 PUTs'],
  ['storageDollars', 0.023, [0, 1e3, number], '$ for a GB kept for a month'],
];

/** All terms: their bounds and what they are unless given, in one place. */
export const terms: readonly Term[] = rows.map(
  ([name, otherwise, [least, most, isWhole], says]) => {
    return { name, otherwise, least, most, isWhole, says };
  },
);

/** A problem is a sentence that names the term and what it must be; none means all are right. */
export function problemsOf(given: PlanTerms): string[] {
  return terms.flatMap(({ name, least, most, isWhole }) => {
    const value = given[name];
    const fits = value >= least && value <= most && (!isWhole || Number.isInteger(value));
    const kind = isWhole ? 'a whole number' : 'a number';
    return fits ? [] : [`${name}: expected ${kind} from ${least} to ${most}, not ${value}`];
  });
}

/** Completes what was given with what holds otherwise. */
export function planTerms(
  given: Partial<PlanTerms> & Pick<PlanTerms, 'users' | 'requests'>,
): PlanTerms {
  const complete: Partial<Record<TermName, number>> = {};
  for (const { name, otherwise } of terms) {
    const value = given[name] ?? otherwise;
    if (value !== undefined) complete[name] = value;
  }
  return complete as PlanTerms;
}
