/** One number that the search may change. */
export interface Parameter {
  /** Path in the options, or name of the setting. */
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Searched by its order of size rather than by its difference. */
  readonly isLog?: boolean;
  readonly isWhole?: boolean;
}

export type Vector = readonly number[];

/** A goal as the search sees it: smaller is better. */
export interface Aim {
  readonly scenario: string;
  readonly name: string;
  readonly atMost: number;
}

/** What is tuned: the parameters of one side, and what a choice of them comes to. */
export interface Side {
  readonly name: 'client' | 'server';
  readonly parameters: readonly Parameter[];
  readonly start: Vector;
  readonly aims: readonly Aim[];
  /** The value of each aim in one run of each scenario, in their order. */
  evaluate(vector: Vector, seed: number): readonly number[];
}

/** Into its bounds, and whole where it must be. */
export function fit({ least, most, isWhole }: Parameter, value: number): number {
  const within = Math.min(most, Math.max(least, value));
  return isWhole === true ? Math.round(within) : within;
}
