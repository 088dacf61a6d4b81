import type { Decision, DecisionSource } from '@weir/core/admission';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Says who knew a decision that was just made and that nobody else has yet. In place, since a copy
 * costs as much as the decision: 0.2 µs.
 */
export function knownBy(decision: Decision, source: DecisionSource): Decision {
  const own: Mutable<Decision> = decision;
  own.source = source;
  own.exact = source === 'memory' || source === 'redis';
  return own;
}
