import { type Faults, noFaults } from './faults.ts';

const outages: readonly unknown[] = [undefined, 'reset', 'hang', 'unavailable'];

/** Changes what the double does wrong, all or nothing. Throws with a sentence for what is no fault. */
export function changeFaults(faults: Faults, changes: Readonly<Record<string, unknown>>): void {
  const usual: Readonly<Record<string, unknown>> = { ...noFaults() };
  const given = Object.entries(changes).map(([name, value]) => {
    return { name, value: value ?? undefined }; // JSON has only null for it
  });
  for (const { name, value } of given) {
    if (!Object.hasOwn(usual, name)) throw new Error(`there is no fault ${name}`);
    const isRight = name === 'outage' ? outages.includes(value) : isLike(usual[name], value);
    if (!isRight) throw new Error(`${name} cannot be ${JSON.stringify(value)}`);
  }
  const changed = Object.fromEntries(given.map(({ name, value }) => [name, value]));
  checkShares({ ...faults, ...changed });
  Object.assign(faults, changed);
}

function isLike(usual: unknown, value: unknown): boolean {
  if (typeof usual === 'number') return Number.isFinite(value);
  if (Array.isArray(usual)) return Array.isArray(value);
  return typeof value === typeof usual;
}

function checkShares(faults: Faults): void {
  const { slowDown, internalError, resetBeforeCommit, resetAfterCommit, cutReply, hang } = faults;
  const sum = slowDown + internalError + resetBeforeCommit + resetAfterCommit + cutReply + hang;
  if (sum > 1 + 1e-9) throw new Error(`the shares of faults make ${sum}, which is more than 1`);
}
