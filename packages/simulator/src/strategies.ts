import type { Strategy } from './model/strategy.ts';
import { weir, weirInformed, weirUnnamed } from './ours.ts';
import { rivals } from './rivals/rivals.ts';

/** All that can be simulated, by name: ours first, then the rivals in the order of tables. */
export const strategies: ReadonlyMap<string, Strategy> = new Map(
  [weir, weirUnnamed, weirInformed, ...rivals].map((strategy) => [strategy.name, strategy]),
);
