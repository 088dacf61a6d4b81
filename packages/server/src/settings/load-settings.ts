import { readFile } from 'node:fs/promises';
import { isTuned, parseTuned, type TunedPlans } from '@weir/core/tuned';
import { environment, type Settings } from '../config.ts';
import { parseText } from '../parse-text.ts';
import { hasProblems, type Problems, showGiven } from '../problems.ts';
import { readSettings } from './read-settings.ts';
import type { Environment } from './setting-kinds.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * The settings of this process: its environment, and a JSON file of names and values where one is
 * named (`--config FILE`); one that `weir-sim tune` wrote will do as well.
 *
 * @param given goes before both
 */
export async function loadSettings(
  configFile: string | undefined,
  given: Environment = {},
): Promise<Settings | Problems> {
  const env = { ...environment, ...given };
  if (configFile === undefined) return readSettings(env);
  const file = await readConfigFile(configFile);
  if (hasProblems(file)) return file;
  const { members, planBursts } = file;
  const settings = readSettings(env, members);
  return hasProblems(settings) || planBursts === undefined ? settings : { ...settings, planBursts };
}

interface ConfigFile {
  readonly members: Members;
  readonly planBursts?: TunedPlans | undefined;
}

async function readConfigFile(path: string): Promise<ConfigFile | Problems> {
  const text = await readFile(path, 'utf8').catch((error: Error) => ({
    problems: [error.message],
  }));
  const parsed = typeof text === 'string' ? parseText(text, '.json') : text;
  if (hasProblems(parsed)) return { problems: parsed.problems.map((line) => `${path}: ${line}`) };
  const { value } = parsed;
  if (isTuned(value)) {
    const tuned = parseTuned(value);
    return hasProblems(tuned)
      ? { problems: tuned.problems.map((line) => `${path}: ${line}`) }
      : { members: tuned.server.settings, planBursts: tuned.server.plans };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { members: value as Members };
  const expected = 'expected an object such as {"MAX_WORKERS": 4}';
  return { problems: [`${path}: ${expected}, given ${showGiven(value)}`] };
}
