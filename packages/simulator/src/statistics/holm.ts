/**
 * Holm's step-down correction (S. Holm, Scandinavian Journal of Statistics 6, 1979): p-values of one
 * table, raised so that calling every one below α significant is wrong anywhere in the table with a
 * chance of at most α. In the order they were given; never above 1, never below what was given.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => p(pValues, a) - p(pValues, b) || a - b);
  const adjusted = new Array<number>(pValues.length);
  let most = 0;
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (pValues.length - rank) * p(pValues, i)));
    adjusted[i] = most;
  }
  return adjusted;
}

function p(pValues: readonly number[], i: number): number {
  return pValues[i] as number;
}
