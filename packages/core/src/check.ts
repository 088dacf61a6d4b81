/** Throws a RangeError unless `value` is a whole number of at least 1 that counts exactly. */
export function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new RangeError(`${name} must be a whole number from 1 to 2^53 - 1, not ${value}`);
}

/** Throws a RangeError unless `value` is a finite number of milliseconds, zero or more. */
export function checkMs(name: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new RangeError(`${name} must be a number of milliseconds from 0 up, not ${value}`);
}

/** Throws a RangeError unless `value` is a whole number, zero or more, that counts exactly. */
export function checkWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(`${name} must be a whole number from 0 to 2^53 - 1, not ${value}`);
}
