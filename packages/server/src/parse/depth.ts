/**
 * Whether `value`, which JSON.parse made, is nested deeper than `levels`; a scalar has none. Never
 * recurses further than that, so nothing a sender nests can overflow the stack.
 */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return hasDeeper(value, levels - 1);
  for (const name in value) {
    if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true;
  }
  return false;
}

/** A loop, not `some`: a closure for every array of every event would be most of the cost. */
function hasDeeper(items: readonly unknown[], levels: number): boolean {
  for (let at = 0; at < items.length; at += 1) {
    if (isDeeper(items[at], levels)) return true;
  }
  return false;
}
