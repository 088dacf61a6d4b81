import type { PaceOptions } from '@weir/core/throttle/pace-options';
import { clientSide } from './client-side.ts';
import { serverSide } from './server-side.ts';
import type { Side } from './side.ts';

/** What makes a side again in another thread. */
export interface SideRecipe {
  readonly name: Side['name'];
  /** Scenarios of the client's side; all where none are named. */
  readonly scenarios?: readonly string[] | undefined;
  readonly startPace?: Partial<PaceOptions> | undefined;
  /** Of the server's side, by the names of settings, of options of the SDK, and `burst`. */
  readonly startSettings?: Readonly<Record<string, number>> | undefined;
}

export function sideOf({ name, scenarios, startPace, startSettings }: SideRecipe): Side {
  return name === 'client'
    ? clientSide(scenarios, startPace ?? {})
    : serverSide(startSettings ?? {});
}
