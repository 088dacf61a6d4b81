import type { Strategy } from '../model/strategy.ts';
import { weir, weirUnnamed } from '../ours.ts';
import { strategies } from '../strategies.ts';
import { Misuse } from './outcome.ts';

/** Who the sender can trust: `a` any server that tells its limits, `b` weir with its hints. */
export type Tier = 'a' | 'b';

/** A strategy by name; what ships unless one is named. In tier a it does not name itself. */
export function strategyFrom(name: string | undefined, tier: Tier | undefined): Strategy {
  const found = strategies.get(name ?? weir.name);
  if (found === undefined) {
    const known = [...strategies.keys()].join(', ');
    throw new Misuse(`there is no strategy ${name}: expected one of ${known}`);
  }
  return tier === 'a' && found === weir ? weirUnnamed : found;
}

/** Lets the server of a scenario tell what those of a tier tell, before other changes. */
export function withTier(
  tier: Tier | undefined,
  change: (scenario: unknown) => unknown,
): (scenario: unknown) => unknown {
  if (tier === undefined) return change;
  return (scenario) => {
    const { server } = scenario as { server?: { tells?: string } };
    if (server !== undefined && 'tells' in server)
      server.tells = tier === 'a' ? 'headers' : 'hints';
    return change(scenario);
  };
}

/** A whole number of at least 0. */
export function seedFrom(option: string, text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new Misuse(`${option}: expected a whole number from 0 up, not ${text}`);
}

const seedsAtMost = 100_000;

/** `1-100`, `7` or `1,2,5-9`. */
export function seedsFrom(text: string): number[] {
  const seeds = text.split(',').flatMap((part) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    const fits = from !== undefined && last >= first && last - first < seedsAtMost;
    if (fits && Number.isSafeInteger(last)) {
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }
    throw new Misuse(`--seeds: expected numbers such as 1-100 or 1,2,5, not ${text}`);
  });
  return [...new Set(seeds)];
}

/** Names with commas between them; all that there are for `all`. */
export function strategiesFrom(text: string, tier: Tier | undefined): Strategy[] {
  const names = text === 'all' ? [...strategies.keys()] : text.split(',');
  return [...new Set(names)].map((name) => strategyFrom(name.trim(), tier));
}
