/** Numbers from `first` to `last` that nobody has seen. */
export interface Gap {
  readonly first: number;
  readonly last: number;
}

/**
 * What is missing among a writer's segments, which count up from 1. What may come after the last
 * is not: its writer may be alive.
 */
export function gapsIn(numbers: readonly number[]): Gap[] {
  const gaps: Gap[] = [];
  let next = 1;
  for (const number of numbers.toSorted((a, b) => a - b)) {
    if (number > next) gaps.push({ first: next, last: number - 1 });
    next = Math.max(next, number + 1);
  }
  return gaps;
}
