import type { Scenario } from '../scenario.ts';
import { h1AsTheGem } from './h1-as-the-gem.ts';
import { h1 } from './h1-heroku-gcra.ts';
import { h2 } from './h2-heroku-clear.ts';
import { h3 } from './h3-crowd.ts';
import { h4 } from './h4-step.ts';
import { h5 } from './h5-churn.ts';
import { h6 } from './h6-cliff.ts';
import { h7, h7Faults } from './h7-ingestion.ts';
import { h8 } from './h8-consul.ts';
import { h9 } from './h9-aws-occ.ts';
import { h10 } from './h10-replay.ts';
import { toldLittle } from './told-little.ts';

/** All that come with the simulator, by their ids. A new one is a file and a line here. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [h1, h1AsTheGem, h2, ...toldLittle, ...h3, h4, h5, h6, h7, h7Faults, h8, h9, h10].map(
    (scenario) => [scenario.id, scenario],
  ),
);
