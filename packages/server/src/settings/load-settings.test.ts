import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSettings } from './load-settings.ts';

async function fileWith(text: string) {
  const path = join(await mkdtemp(join(tmpdir(), 'weir-config-')), 'config.json');
  await writeFile(path, text);
  return path;
}

test('a configuration file sets what the environment does not', async () => {
  const path = await fileWith('{"MAX_WORKERS": 7}');
  expect(await loadSettings(path)).toMatchObject({ maxWorkers: 7 });
});

test('a configuration file that is missing, broken or no object is named', async () => {
  const broken = await fileWith('{\n"MAX_WORKERS": 7,\n}');
  const list = await fileWith('[1]');
  const twice = await fileWith('{"PORT": 1, "PORT": 2}');
  const missing = join(tmpdir(), 'weir-no-such-config.json');
  const problems = (found: string) => ({ problems: [expect.stringContaining(found)] });

  expect(await loadSettings(missing)).toEqual(problems(missing));
  expect(await loadSettings(broken)).toEqual(problems(`${broken}: Expected double-quoted`));
  expect(await loadSettings(broken)).toEqual(problems('line 3'));
  expect(await loadSettings(list)).toEqual(problems(`${list}: expected an object`));
  expect(await loadSettings(twice)).toEqual(problems('PORT: given twice'));
});

test('reads what the simulator tuned, and refuses a name in it that nobody knows', async () => {
  const tuned = {
    version: 1,
    command: 'weir-sim tune',
    seeds: { tune: [1], heldOut: [2] },
    goals: [],
    client: { throttle: { policy: 'adaptive', options: {} } },
    server: {
      settings: {
        MAX_WORKERS: 7,
        MAX_QUEUE: 4_321,
        WEIR_SEGMENT_AGE_MS: 150,
        WEIR_SEGMENT_EVENTS: 77,
        WEIR_S3_MAX_CONCURRENCY: 5,
      },
      plans: { free: { requests: { burst: 9 } } },
    },
  };
  const path = await fileWith(JSON.stringify(tuned));
  const { plans: planBursts } = tuned.server;
  expect(await loadSettings(path)).toMatchObject({
    ...{ maxWorkers: 7, maxQueue: 4_321, segmentAgeMs: 150, segmentEvents: 77 },
    ...{ s3MaxConcurrency: 5, planBursts },
  });

  const wrong = await fileWith(JSON.stringify({ ...tuned, colour: 'red' }));
  expect(await loadSettings(wrong)).toEqual({ problems: [`${wrong}: colour: unknown`] });
});
