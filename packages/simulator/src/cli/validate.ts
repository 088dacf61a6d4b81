import { infoOf } from '../compare/values.ts';
import {
  type LiveMeasures,
  type LiveQuota,
  LiveSenders,
  measureRoundTrip,
  readLimits,
  type Target,
  TargetError,
} from '../validate/live.ts';
import { tightestOf, type ValidatedRow, validated } from '../validate/validate.ts';
import { durationMs, grouped, shown } from './numbers.ts';
import { columns, exits, Misuse, type Outcome, type Output } from './outcome.ts';

export interface ValidateOptions {
  readonly url: string;
  readonly key: string;
  readonly senders: string;
  readonly duration: string;
}

/** Refused share and throughput must agree this well. */
const sharePoints = 0.02;
const throughputShare = 0.05;
const sendersAtMost = 64;
const longestMs = 3_600_000;

/** Lets SDKs send to a live server, simulates exactly that, and compares. */
export async function validate(options: ValidateOptions, output: Output): Promise<Outcome> {
  const { senders, forMs, target } = checked(options);
  let isStopped = false;
  const live = new LiveSenders(senders);
  const ignore = output.onInterrupt(() => {
    isStopped = true;
    live.end();
  });
  try {
    const name = (await tightest(target)).name;
    await live.warmUp(target);
    const roundTripMs = await measureRoundTrip(target);
    const quota = await tightest(target);
    output.err(`${senders} senders for ${forMs / 1_000} s on ${name}\n`);
    const measures = await live.run(forMs);
    const setting = { quota, senders, durationMs: forMs, roundTripMs };
    return outcomeOf(validated(setting, measures), setting);
  } catch (error) {
    if (isStopped) {
      return { exit: exits.interrupted, lines: [], notes: ['interrupted: nothing was compared'] };
    }
    if (!(error instanceof TargetError)) throw error;
    return { exit: exits.trouble, lines: [], notes: [error.message] };
  } finally {
    ignore();
    live.end();
  }
}

async function tightest(target: Target): Promise<LiveQuota> {
  const quota = tightestOf(await readLimits(target));
  if (quota !== undefined) return quota;
  throw new Misuse('--url: this key has no quota of requests or events');
}

function checked({ url, key, senders, duration }: ValidateOptions) {
  const forMs = durationMs(duration);
  if (forMs === undefined || forMs < 1_000 || forMs > longestMs) {
    throw new Misuse(`--duration: expected a time from 1s to 1h, not ${duration}`);
  }
  const count = Number(senders);
  if (!Number.isInteger(count) || count < 1 || count > sendersAtMost) {
    throw new Misuse(
      `--senders: expected a whole number from 1 to ${sendersAtMost}, not ${senders}`,
    );
  }
  if (!URL.canParse(url))
    throw new Misuse(`--url: expected such as http://127.0.0.1:8080, not ${url}`);
  const target: Target = { url, key };
  return { senders: count, forMs, target };
}

function rateOf({ name, tokens, periodMs, burst, remaining = burst }: LiveQuota) {
  return `${name}: ${tokens} per ${shown(periodMs, 'ms')}, ${grouped(remaining)} of ${grouped(burst)} left`;
}

interface Shown {
  readonly quota: LiveQuota;
  readonly senders: number;
  readonly durationMs: number;
  readonly roundTripMs: readonly [number, number];
}

function outcomeOf(rows: readonly ValidatedRow[], setting: Shown): Outcome {
  const apart = rows.filter((row) => !agrees(row));
  const [low, high] = setting.roundTripMs;
  const table = rows.map(({ measure, live, simulated, difference }) => {
    const unit = unitOf(measure);
    const { median, range } = simulated;
    return [
      `  ${titleOf(measure)}`,
      shown(live, unit),
      `${shown(median, unit)} [${shown(range.low, unit)} – ${shown(range.high, unit)}]`,
      shown(difference, unit),
    ];
  });
  return {
    exit: apart.length === 0 ? exits.ok : exits.found,
    lines: [
      `${rateOf(setting.quota)}; round trip ${shown(low, 'ms')} – ${shown(high, 'ms')}`,
      ...columns([['', 'live', 'simulated [95 % of 50 seeds]', 'difference'], ...table]),
    ],
    notes: apart.map(({ measure }) => `${titleOf(measure)}: live and simulated differ by too much`),
    json: { ...setting, rows, agrees: apart.length === 0 },
    csv: [
      ['measure', 'live', 'median', 'low', 'high', 'difference'],
      ...rows.map(({ measure, live, simulated: { median, range }, difference }) => {
        return [measure, live, median, range.low, range.high, difference];
      }),
    ],
  };
}

/** Waits and fairness are shown; what is promised are refusals and throughput. */
function agrees({ measure, simulated, difference }: ValidatedRow): boolean {
  if (measure === 'refusedShare') return Math.abs(difference) <= sharePoints;
  if (measure !== 'admittedPerSecond') return true;
  return Math.abs(difference) <= throughputShare * simulated.median;
}

function unitOf(measure: keyof LiveMeasures) {
  return measure === 'admittedPerSecond' ? ('perSecond' as const) : infoOf(measure).unit;
}

function titleOf(measure: keyof LiveMeasures): string {
  return measure === 'admittedPerSecond' ? 'admitted/s' : infoOf(measure).title;
}
