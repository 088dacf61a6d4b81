import { compileQuota, type Quota } from '@weir/core/gcra';
import { slotBounds } from '@weir/core/slots';
import { z } from 'zod';
import { eventKinds, longestUs } from './model/event-queue.ts';

const positiveMs = z.number().positive().max(1e12);
const ms = z.number().min(0).max(1e12);
const count = z.number().int().min(1).max(1e9);
const range = z
  .tuple([ms, ms])
  .refine(([from, to]) => from <= to, { message: 'expected the lower bound first' });

const quota = z.strictObject({
  tokens: count.describe('so many tokens are earned'),
  periodMs: positiveMs.describe('in each such time'),
  burst: count.describe('the most that may be spent at one instant'),
});

/** What a reply tells, from all to nothing. */
const tells = z
  .enum(['hints', 'headers', 'remaining', 'retry-after', 'status'])
  .describe(
    'hints: all that weir says; headers: the same without slots; remaining: RateLimit-Remaining ' +
      'alone, as the server of the Heroku gem; retry-after: whole seconds with a 429; status: nothing but 429',
  );

const clients = z.strictObject({
  processes: count.describe('processes, each with a throttle of its own or shared by its clients'),
  each: count.default(1).describe('clients of one process; each sends a request at a time'),
  startMs: range.default([0, 0]).describe('they start at an instant drawn evenly from this range'),
  stopMs: positiveMs.optional().describe('at this instant they leave'),
  gapMs: ms.default(0).describe('from a reply to asking for the next request'),
  requests: count
    .optional()
    .describe('a process leaves after so many successes of all its clients'),
});

const change = z.strictObject({ atMs: positiveMs, quota });

const common = {
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  sentence: z.string().max(500).default(''),
};

const quotaScenario = z.strictObject({
  kind: z.literal('quota'),
  ...common,
  durationMs: positiveMs,
  server: z.strictObject({
    quota,
    initialTokens: z.number().int().min(0).describe('left when the run begins'),
    tells: tells.default('hints'),
    slotsAheadMs: positiveMs
      .default(slotBounds.longestAheadUs / 1_000)
      .describe('no slot lies further ahead'),
    changes: z
      .array(change)
      .max(1_000)
      .default([])
      .describe('new quotas; what was left stays left'),
  }),
  network: z
    .strictObject({ roundTripMs: range })
    .default({ roundTripMs: [15, 45] })
    .describe('a round trip is drawn evenly from this range, half of it each way'),
  clients: z.array(clients).min(1).max(1_000),
  stopAtRemaining: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe('a client leaves once it is told that no more than so many tokens are left'),
});

const ingestionScenario = z.strictObject({
  kind: z.literal('ingestion'),
  ...common,
  durationMs: positiveMs,
  keys: count.max(100_000),
  server: z.strictObject({
    quota,
    tells: tells.default('hints'),
    idempotencyMs: ms
      .default(600_000)
      .describe('so long a request that comes again with its Idempotency-Key is stored once'),
  }),
  network: z
    .strictObject({
      roundTripMs: range,
      lostReplies: z
        .strictObject({ fromMs: ms, toMs: ms, share: z.number().min(0).max(1) })
        .optional()
        .describe('this share of replies never comes; their requests are sent again'),
      attemptTimeoutMs: positiveMs.default(10_000).describe('so long a reply is waited for'),
    })
    .prefault({ roundTripMs: [15, 45] }),
  arrivals: z.strictObject({
    perSecond: z.number().positive().max(1e6).describe('Poisson, of each key'),
    surge: z
      .strictObject({ fromMs: ms, toMs: ms, factor: z.number().positive().max(1e6) })
      .optional(),
  }),
  client: z
    .strictObject({
      maxBatchEvents: count.max(10_000).default(1).describe('most events of one request'),
      lingerMs: ms.default(0).describe('so long an event waits for others to fill a request'),
      maxConcurrency: count
        .max(1_000)
        .default(16)
        .describe('requests of a sender under way at once'),
    })
    .prefault({}),
  backlog: count.describe('events a sender keeps; beyond, new ones are lost'),
  queue: count.describe('requests accepted and not yet delivered'),
  workers: count.max(10_000),
  batch: z.strictObject({ events: count, ageMs: positiveMs }),
  put: z.strictObject({
    medianMs: positiveMs,
    p99Ms: positiveMs,
    slow: z
      .strictObject({ fromMs: ms, toMs: ms, factor: z.number().positive().max(1e6) })
      .optional(),
    concurrency: count.default(1_024).describe('most PUTs at once, however many workers there are'),
    bears: count
      .optional()
      .describe('so many PUTs at once take no longer than one; more take longer in proportion'),
    failureRate: z.number().min(0).max(0.99).default(0).describe('of PUTs; they are tried again'),
    dollarsPerThousand: z.number().min(0).default(0.005),
  }),
});

const occScenario = z.strictObject({
  kind: z.literal('occ'),
  ...common,
  clients: z.array(count.max(10_000)).min(1).max(1_000),
  runs: count.max(10_000).describe('of which the mean is taken'),
  hopMs: z.strictObject({ mean: positiveMs, deviation: ms }),
  baseMs: positiveMs,
  capMs: positiveMs,
});

const diurnalScenario = z.strictObject({
  kind: z.literal('diurnal'),
  ...common,
  durationMs: positiveMs,
  requests: count,
  keys: count.max(1_000_000),
  peakRatio: z.number().min(1).max(1_000).describe('busiest instant ÷ mean'),
  server: z.strictObject({ quota }),
});

/** What is simulated, every number of it; printed by `--help` as a JSON schema. */
export const scenarioSchema = z.discriminatedUnion('kind', [
  quotaScenario,
  ingestionScenario,
  occScenario,
  diurnalScenario,
]);

export type Scenario = z.output<typeof scenarioSchema>;
/** As it is written, where what has a default may be left out. */
export type ScenarioText = z.input<typeof scenarioSchema>;
/** Clients in a closed loop on one quota. */
export type QuotaScenario = z.output<typeof quotaScenario>;
/** Senders with arrivals of their own, a queue, workers and a store. */
export type IngestionScenario = z.output<typeof ingestionScenario>;
/** Clients that compete for one row with optimistic concurrency. */
export type OccScenario = z.output<typeof occScenario>;
/** A day of arrivals to be replayed. */
export type DiurnalScenario = z.output<typeof diurnalScenario>;
export type QuotaTermsMs = z.output<typeof quota>;
export type Tells = z.output<typeof tells>;

/** A scenario that is wrong: every problem with its place, `file: field: what was expected`. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Checks a scenario and fills in its defaults. Throws a `ScenarioError` that lists all that is
 * wrong, also what no run could do, such as more tokens left than the burst holds.
 *
 * @param from names the source in the messages, such as a file
 */
export function parseScenario(given: unknown, from = 'scenario'): Scenario {
  const parsed = scenarioSchema.safeParse(given);
  if (!parsed.success) {
    throw new ScenarioError(
      parsed.error.issues.map(({ path, message }) => `${from}: ${pathOf(path)}: ${message}`),
    );
  }
  const impossible = impossibilities(parsed.data);
  if (impossible.length > 0) throw new ScenarioError(impossible.map((text) => `${from}: ${text}`));
  return parsed.data;
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the whole' : path.map(String).join('.');
}

const mostClients = 200_000;

/** What the schema cannot say: each problem begins with its place. */
function impossibilities(scenario: Scenario): readonly string[] {
  if (scenario.kind === 'quota') return quotaImpossibilities(scenario);
  if (scenario.kind === 'occ') return [];
  const problems = quotaProblems('server.quota', scenario.server.quota);
  if (scenario.kind === 'ingestion' && scenario.put.p99Ms < scenario.put.medianMs) {
    problems.push('put.p99Ms: expected at least put.medianMs');
  }
  return problems;
}

function quotaImpossibilities({ server, clients, durationMs }: QuotaScenario): readonly string[] {
  const problems = quotaProblems('server.quota', server.quota);
  if (server.initialTokens > server.quota.burst) {
    problems.push(`server.initialTokens: expected at most the burst, ${server.quota.burst}`);
  }
  let lastMs = 0;
  for (const [i, change] of server.changes.entries()) {
    problems.push(...quotaProblems(`server.changes.${i}.quota`, change.quota));
    if (change.atMs <= lastMs)
      problems.push(`server.changes.${i}.atMs: expected more than ${lastMs}`);
    lastMs = change.atMs;
  }
  let total = 0;
  for (const [i, { processes, each, startMs, stopMs = durationMs }] of clients.entries()) {
    total += processes * each;
    if (stopMs <= startMs[1]) problems.push(`clients.${i}.stopMs: expected more than startMs`);
    if (startMs[1] >= durationMs) problems.push(`clients.${i}.startMs: expected below durationMs`);
  }
  const longestMs = Math.floor(longestUs(eventKinds * total) / 1_000);
  if (durationMs > longestMs) {
    problems.push(`durationMs: expected at most ${longestMs} ms with ${total} clients`);
  }
  if (total > mostClients)
    problems.push(`clients: expected at most ${mostClients} in all, not ${total}`);
  return problems;
}

function quotaProblems(place: string, terms: QuotaTermsMs): string[] {
  try {
    compileTerms(terms);
    return [];
  } catch (error) {
    return [`${place}: ${(error as Error).message}`];
  }
}

/** Throws a RangeError where debt could not be counted exactly. */
export function compileTerms({ tokens, periodMs, burst }: QuotaTermsMs): Quota {
  return compileQuota({ tokens, periodUs: Math.round(periodMs * 1_000), burst });
}
