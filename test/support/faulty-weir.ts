import { randomInt } from 'node:crypto';
import { seededRandom } from '@weir/core/world/random';
import { systemWorld } from '@weir/core/world/system';
import { hasProblems } from '@weir/server/problems';
import { serve } from '@weir/server/serve';
import { loadSettings } from '@weir/server/settings/load-settings';
import type { Store } from '@weir/server/store/store';
import { SwitchableStore } from '@weir/server/store/switchable';
import { FlakyStore } from './flaky-store.ts';

// `weir serve` with a store that misbehaves, as WEIR_TEST_STORE says: `flaky` (the default) or
// `stopped`, which answers nothing. SIGUSR2 mends it. WEIR_TEST_SEED repeats the faults of a run.

const { WEIR_TEST_STORE: kind = 'flaky', WEIR_TEST_SEED: given } = process.env;
const seed = given === undefined ? randomInt(2 ** 31) : Number(given);

function faulty(inner: Store): Store {
  const store = new SwitchableStore(inner, systemWorld);
  if (kind === 'stopped') {
    store.stop();
    process.once('SIGUSR2', () => store.resume());
    return store;
  }
  console.error(`the store fails as WEIR_TEST_SEED=${seed} has it`);
  const flaky = new FlakyStore(store, seededRandom(seed).uniform);
  process.once('SIGUSR2', () => flaky.mend());
  return flaky;
}

const settings = await loadSettings(undefined);
const failed = hasProblems(settings) ? settings : await serve(settings, { store: faulty });
for (const problem of failed?.problems ?? []) console.error(problem);
process.exit(failed === undefined ? 0 : 1);
