import { parseScenario, type QuotaScenario, type Tells } from '../scenario.ts';
import { h1 } from './h1-heroku-gcra.ts';
import { h2 } from './h2-heroku-clear.ts';

/** The same before a server that tells less; what is named by the id. */
function telling(of: QuotaScenario, tells: Tells, server: string): QuotaScenario {
  return parseScenario({
    ...of,
    id: `${of.id}-${tells}`,
    sentence: `${of.sentence}; ${server}`,
    server: { ...of.server, tells },
  }) as QuotaScenario;
}

const ofHeroku = 'the server is that of the gem, which tells nothing but RateLimit-Remaining';

/** H1 and H2 before the server of the Heroku gem, unmodified; H1 before one that says 429 and no more. */
export const toldLittle: readonly QuotaScenario[] = [
  telling(h1, 'remaining', ofHeroku),
  telling(h2, 'remaining', ofHeroku),
  telling(h1, 'status', 'the server tells nothing but 429'),
];
