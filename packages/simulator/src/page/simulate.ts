import { SleepRecorder, type SleepSeries } from '../chart/sleep-series.ts';
import { evaluateQuota } from '../compare/evaluate.ts';
import type { Values } from '../compare/values.ts';
import { ScenarioError } from '../scenario.ts';
import { strategies } from '../strategies.ts';
import { CurveRecorder, type Curves } from './curves.ts';
import { type PageSettings, scenarioOf } from './settings.ts';

/** One run, as the page shows it. */
export interface PageRun {
  readonly values: Values;
  readonly curves: Curves;
  readonly sleep: SleepSeries;
}

/** Or why there is none. */
export interface PageProblem {
  readonly problems: readonly string[];
}

const steps = 180;
const sleepSteps = 360;

export function simulate(settings: PageSettings, strategyName: string): PageRun | PageProblem {
  const strategy = strategies.get(strategyName);
  if (strategy === undefined) return { problems: [`there is no strategy ${strategyName}`] };
  try {
    const scenario = scenarioOf(settings);
    const curves = new CurveRecorder(scenario.durationMs, steps);
    const sleep = new SleepRecorder(scenario.durationMs, sleepSteps);
    const { values } = evaluateQuota(scenario, strategy, settings.seed, (event) => {
      curves.observe(event);
      sleep.observe(event);
    });
    return { values, curves: curves.curves(), sleep: sleep.series(scenario.durationMs) };
  } catch (error) {
    if (error instanceof ScenarioError) return { problems: error.problems };
    throw error;
  }
}
