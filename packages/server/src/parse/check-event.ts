import { maxDepth, missing, type RejectedEvent } from '@weir/core/wire/event';
import { checkAttribute, expected, type Problem, present, typeProblem } from './attribute.ts';
import { isDeeper } from './depth.ts';

/** All that weir can fill in. */
export const fillable: number = missing.specversion | missing.id | missing.source | missing.time;
const dataTwice = present.data | present.dataBase64;
const bothData = expected('either data or data_base64, not both');

/**
 * What an accepted event lacks, as bits of `missing`, or why it is not accepted.
 *
 * @param bytes what `event` was parsed from
 */
export function checkEvent(
  event: unknown,
  index: number,
  bytes: Uint8Array,
): number | RejectedEvent {
  const outcome = checkMembers(event, index);
  return typeof outcome === 'number' && isDeeper(bytes, maxDepth) ? tooDeep(index) : outcome;
}

/** The same for an event that is known not to be nested too deep. */
export function checkMembers(event: unknown, index: number): number | RejectedEvent {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    return { index, code: 'not_an_object', detail: `events[${index}]: expected a JSON object` };
  }
  let found = 0;
  for (const name in event) {
    const bit = checkAttribute(name, (event as Record<string, unknown>)[name]);
    if (typeof bit !== 'number') return rejected(index, name, bit);
    found |= bit;
  }
  if ((found & present.type) === 0) return rejected(index, 'type', typeProblem);
  if ((found & dataTwice) === dataTwice) return rejected(index, 'data_base64', bothData);
  return ~found & fillable;
}

export function rejected(index: number, name: string, { code, text }: Problem): RejectedEvent {
  return { index, code, detail: `events[${index}]${pathTo(name)}: ${text}` };
}

/** How a name is shown: plain where it is harmless, otherwise quoted and at most 40 characters. */
function pathTo(name: string): string {
  const isPlain = /^[A-Za-z_$][\w$-]{0,39}$/.test(name);
  return isPlain ? `.${name}` : `[${JSON.stringify(name.slice(0, 40))}]`;
}

export function tooDeep(index: number): RejectedEvent {
  const detail = `events[${index}]: nested deeper than ${maxDepth} levels`;
  return { index, code: 'too_deep', detail };
}
