import { settingTable } from '../config.ts';
import type { Environment } from './setting-kinds.ts';

/** Of the client, and of the tests. */
const others = /^WEIR_(?:URL|API_KEY|TEST_\w+)$/;

/** A sentence for each variable that looks like a setting and is none: most likely misspelt. */
export function misspelt(env: Environment): string[] {
  const known = new Set<string>(Object.values(settingTable).map((setting) => setting.env));
  return Object.keys(env)
    .filter((name) => name.startsWith('WEIR_') && !known.has(name) && !others.test(name))
    .map((name) => `${name} is set, but there is no such setting`);
}
