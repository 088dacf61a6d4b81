import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { Ms, World } from '@weir/core/world/world';
import type { AppContext } from '../request.ts';
import type { Slot } from '../spool/spool.ts';
import type { Caller } from '../tenants/caller.ts';
import type { Declared } from './declared.ts';
import { decodeBody } from './decode-body.ts';
import { readBody } from './read-body.ts';

export interface ReceiveDeps {
  readonly world: World;
  readonly idleMs: Ms;
}

/** The body, read and decompressed within the caller's caps; room for it grows as it does. */
export function receiveBody(
  c: AppContext,
  { caller, said, slot }: { caller: Caller; said: Declared; slot: Slot },
  { world, idleMs }: ReceiveDeps,
): Promise<Buffer | Refusal> {
  const { bodyBytes, decodedBytes } = caller.limits;
  const grow = (bytes: number): boolean => slot.grow(bytes);
  const bounds = { wireBytes: bodyBytes, heldBytes: said.holdBytes, idleMs, grow };
  const reading = readBody(c, bounds, world);
  if (said.coding.name === 'identity') return reading;
  const decoding = { decodedBytes, heldBytes: said.holdBytes, grow };
  return reading.then((wire) => (isRefusal(wire) ? wire : decodeBody(wire, said.coding, decoding)));
}
