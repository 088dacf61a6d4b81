import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { IngestClient, type Overflow, type Stats } from '@weir/client';

// Offers far more than its server takes, as long as it is told, and then tells its books.

/** What it tells at its end. */
export interface OverloadReport {
  readonly offered: number;
  readonly stats: Stats;
  /** Events of which `drop` told. */
  readonly told: number;
}

const [url = '', overflow = '', dir = '', seconds = ''] = process.argv.slice(2);
const perSecond = 20_000;
const beatMs = 10;
const fill = overflow === 'spool' ? 0 : 100_000; // at once, so that the bound is reached at the start
const event = { path: '/pricing', text: 'x'.repeat(200) };

const client = new IngestClient({
  baseUrl: url,
  apiKey: `weir_overloadover_${'0'.repeat(43)}`,
  overflow: overflow as Overflow,
  attemptTimeoutMs: 3_000,
  ...(overflow === 'spool' ? { spool: { dir, maxBytes: 67_108_864 } } : {}),
});
let told = 0;
client.on('drop', ({ count }) => {
  told += count;
});

// As much as it is offered later, while the server is quick: what the engine keeps for that is not
// what is asked about.
for (let i = 0; i < 150; i += 1) {
  for (let n = 0; n < 400; n += 1) client.track('page.viewed', event);
  await client.flush();
}
process.send?.('warm');
await once(process, 'message');
const endMs = performance.now() + Number(seconds) * 1_000;
let offered = 0;

/** What `track` is offered: it never waits. */
async function flood(): Promise<void> {
  const startMs = performance.now();
  for (let nowMs = startMs; nowMs < endMs; nowMs = performance.now()) {
    const due = Math.min(fill, 2 * offered + 5_000) + ((nowMs - startMs) * perSecond) / 1_000;
    for (; offered < due; offered += 1) client.track('page.viewed', event);
    await sleep(beatMs);
  }
}

/** What waits for room: an iterable without end. */
async function press(): Promise<void> {
  const ended = AbortSignal.timeout(Number(seconds) * 1_000);
  const events = function* () {
    for (;;) {
      offered += 1;
      yield { type: 'page.viewed', data: event };
    }
  };
  await client.sendMany(events(), { signal: ended }).catch(() => {});
}

await (overflow === 'block' ? press() : flood());
await sleep(200); // until `drop` has told the last ones
const report: OverloadReport = { offered, stats: client.stats(), told };
process.send?.(report);
await client.close({ timeoutMs: 0 });
process.disconnect?.();
