import type { Ms } from '@weir/core/world/world';
import { countsBetween, type Measures, measure, settledAfterMs } from './measure.ts';
import type { Strategy } from './model/strategy.ts';
import { type Result, runScenario } from './run.ts';
import type { QuotaScenario } from './scenario.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { ascending, median, quantile } from './statistics/order.ts';

/** `a`: any server that tells its policy and what is left. `b`: weir, which gives slots. */
export type Tier = 'a' | 'b';

/** What a throttle is to reach: the median over seeds, and 1.5 times as much in 95 of 100 runs. */
export interface Goal {
  readonly scenario: string;
  readonly name: string;
  readonly atMost: Readonly<Record<Tier, number>>;
  /** Smaller is better; Infinity where a run never got there. */
  readonly of: (result: Result, measures: Measures) => number;
}

const clearFloorMs = 13_500;
const fiveMinutesMs = 300_000;

/** Of all requests in the five minutes from then on. */
function refusedFrom(fromMs: Ms): Goal['of'] {
  return ({ timeline }) => {
    const { admitted, refused } = countsBetween(timeline, fromMs, fromMs + fiveMinutesMs);
    return admitted + refused === 0 ? 0 : refused / (admitted + refused);
  };
}

const always = (value: number) => ({ a: value, b: value });
const retries: Goal['of'] = (_, { retryRate }) => retryRate;
const longestSleep: Goal['of'] = (_, { maxSleepMs }) => maxSleepMs;

/** All that our throttle is held to, by scenario. */
export const goals: readonly Goal[] = [
  { scenario: 'H1', name: 'retry rate', atMost: { a: 0.005, b: 0.0045 }, of: retries },
  { scenario: 'H1', name: 'max sleep, ms', atMost: { a: 11_000, b: 8_500 }, of: longestSleep },
  {
    scenario: 'H1',
    name: 'p99 wait, ms',
    atMost: { a: 11_000, b: 8_500 },
    of: (_, { p99WaitMs }) => p99WaitMs,
  },
  {
    scenario: 'H1',
    name: 'stdev of request counts',
    atMost: { a: 8, b: 1 },
    of: (_, { requestCountStdev }) => requestCountStdev,
  },
  {
    scenario: 'H1',
    name: '1 - Jain',
    atMost: { a: 0.005, b: 0.001 },
    of: (_, { jain }) => 1 - jain,
  },
  {
    scenario: 'H1',
    name: 'quota unused',
    atMost: { a: 0.005, b: 0.001 },
    of: (_, { quotaUsed }) => 1 - quotaUsed,
  },
  {
    scenario: 'H2',
    name: 'time to clear ÷ floor',
    atMost: { a: 1.02, b: 1.01 },
    of: (_, { timeToClearMs }) => (timeToClearMs ?? Infinity) / clearFloorMs,
  },
  { scenario: 'H3-100', name: 'retry rate', atMost: { a: 0.2, b: 0.045 }, of: retries },
  { scenario: 'H3-1', name: 'retry rate', atMost: always(0.001), of: retries },
  { scenario: 'H3-1', name: 'max sleep, ms', atMost: always(1_800), of: longestSleep },
  {
    scenario: 'H4',
    name: 'settled after ×4, ms',
    atMost: { a: 10_000, b: 5_000 },
    of: ({ timeline }) => settledAfterMs(timeline, 5, 1_800_000, 3_600_000) ?? Infinity,
  },
  {
    scenario: 'H4',
    name: 'refused after ÷8',
    atMost: { a: 0.15, b: 0.06 },
    of: refusedFrom(3_600_000),
  },
  {
    scenario: 'H5',
    name: 'refused after +40',
    atMost: { a: 0.06, b: 0.04 },
    of: refusedFrom(1_800_000),
  },
];

/** The goals of tier A that hold as well before the server of the Heroku gem, with the quota told. */
export const goalsBeforeHeroku: readonly Goal[] = goals
  .filter(({ scenario }) => scenario === 'H1' || scenario === 'H2')
  .map((goal) => ({ ...goal, scenario: `${goal.scenario}-remaining` }));

/** What is asked where a server tells nothing but 429, of who knows its rate: as the best of those who do. */
export const goalsWithoutWords: readonly Goal[] = [
  { scenario: 'H1-status', name: 'retry rate', atMost: always(0.03), of: retries },
];

export interface Assessment {
  readonly goal: Goal;
  readonly atMost: number;
  readonly median: number;
  readonly p95: number;
  readonly isMet: boolean;
}

/** Runs each scenario once a seed, and holds the throttle to the goals in it. */
export function assess(
  strategy: Strategy,
  tier: Tier,
  seeds: readonly number[],
  of: readonly Goal[] = goals,
): readonly Assessment[] {
  return [...new Set(of.map(({ scenario }) => scenario))].flatMap((id) => {
    const scenario = scenarios.get(id) as QuotaScenario;
    const runs = seeds.map((seed) => {
      const result = runScenario(scenario, strategy, seed);
      return { result, measures: measure(result) };
    });
    return of
      .filter((goal) => goal.scenario === id)
      .map((goal) => {
        const values = runs.map(({ result, measures }) => goal.of(result, measures));
        return assessmentOf(goal, goal.atMost[tier], values);
      });
  });
}

function assessmentOf(goal: Goal, atMost: number, values: readonly number[]): Assessment {
  const sorted = ascending(values);
  const middle = median(sorted);
  const p95 = quantile(sorted, 0.95);
  return { goal, atMost, median: middle, p95, isMet: middle <= atMost && p95 <= 1.5 * atMost };
}
