/** What one run is measured by: a number by name, null where it has no meaning. */
export type Values = Readonly<Record<string, number | null>>;

export interface MeasureInfo {
  readonly name: string;
  readonly title: string;
  readonly unit: 'share' | 'ms' | 'count' | 'perSecond' | 'index' | 'dollars';
  /** Which way is good; undefined where neither is. */
  readonly better: 'lower' | 'higher' | undefined;
}

const info = (
  name: string,
  title: string,
  unit: MeasureInfo['unit'],
  better?: MeasureInfo['better'],
): MeasureInfo => ({ name, title, unit, better });

/** Every measure of every kind of scenario, in the order of tables. */
const measureInfos: readonly MeasureInfo[] = [
  info('retryRate', 'retry rate', 'share', 'lower'),
  info('refusedShare', 'refused', 'share', 'lower'),
  info('maxSleepMs', 'max sleep', 'ms', 'lower'),
  info('requestCountStdev', 'stdev', 'count', 'lower'),
  info('timeToClearMs', 'time to clear', 'ms', 'lower'),
  info('quotaUsed', 'quota used', 'share', 'higher'),
  info('p50WaitMs', 'p50 wait', 'ms', 'lower'),
  info('p99WaitMs', 'p99 wait', 'ms', 'lower'),
  info('jain', 'Jain', 'index', 'higher'),
  info('peakRefusedPerSecond', 'peak 429/s', 'perSecond', 'lower'),
  info('requests', 'requests', 'count'),
  info('refused', 'refused requests', 'count', 'lower'),
  info('admitted', 'admitted', 'count', 'higher'),
  info('lost', 'lost', 'count', 'lower'),
  info('overloadedShare', '503', 'share', 'lower'),
  info('lostShare', 'events lost', 'share', 'lower'),
  info('duplicates', 'duplicates', 'count', 'lower'),
  info('goodputPerSecond', 'durable/s', 'perSecond', 'higher'),
  info('p50AcceptToDurableMs', 'p50 accept to durable', 'ms', 'lower'),
  info('p99AcceptToDurableMs', 'p99 accept to durable', 'ms', 'lower'),
  info('puts', 'PUTs', 'count', 'lower'),
  info('dollarsPerMillionEvents', '$ a million events', 'dollars', 'lower'),
  info('mostQueued', 'most queued', 'count', 'lower'),
  info('mostBacklog', 'most held by a sender', 'count', 'lower'),
  info('events', 'events', 'count'),
];

const byName = new Map(measureInfos.map((each) => [each.name, each]));

/** What is known of a measure; one that is in no table is a count that is neither good nor bad. */
export function infoOf(name: string): MeasureInfo {
  const [, atS] = /^refusedAfter(\d+)s$/.exec(name) ?? [];
  if (atS !== undefined) return info(name, `refused from ${atS} s on, for 5 min`, 'share', 'lower');
  const [, settledS] = /^settledAfter(\d+)s$/.exec(name) ?? [];
  if (settledS !== undefined) return info(name, `settled after ${settledS} s`, 'ms', 'lower');
  return byName.get(name) ?? info(name, name, 'count');
}

/** The measures that have a meaning in a run, in the order of tables. */
export function measuresOf(values: Values): readonly (MeasureInfo & { readonly value: number })[] {
  const others = Object.keys(values).filter((name) => !byName.has(name));
  return [...byName.keys(), ...others].flatMap((name) => {
    const value = values[name] ?? null;
    return value === null ? [] : [{ ...infoOf(name), value }];
  });
}
