import type { Cost, Decision } from '@weir/core/admission';
import { Slots } from '@weir/core/quota-slots';
import { slotBounds } from '@weir/core/slots';
import type { Refusal } from '@weir/core/wire/refusal';
import { fields } from '@weir/core/wire/routes';
import type { Us, World } from '@weir/core/world/world';
import type { RequestHeaders } from '../request.ts';
import type { Caller } from '../tenants/caller.ts';

/** A request that was decided on, of a sender that named itself. */
export interface Asked {
  readonly sender: string;
  readonly caller: Caller;
  readonly cost: Cost;
  readonly decision: Decision;
}

/**
 * Whose turn is when, where several named senders share a quota near its limit. Advice: it changes no
 * decision. Adapters: memory, redis.
 */
export interface Hints {
  /** From now until this sender's next turn, at the same cost; undefined where it need not wait. */
  tell(asked: Asked): Us | undefined | Promise<Us | undefined>;
}

/** Hints for quotas that one process decides on alone. Bounded as `Slots` is. */
export class MemoryHints implements Hints {
  readonly #slots = new Slots(slotBounds);
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  tell({ sender, caller, cost, decision }: Asked): Us | undefined {
    if (decision.source === 'local') return undefined; // this server knows but a part
    const { quotas, tenant } = caller;
    const name = `${tenant}/${sender}`; // no tenant's sender is another's
    return this.#slots.tell(
      name,
      { quotas, decision, cost },
      Math.round(this.#world.now() * 1_000),
    );
  }
}

const nameForm = /^[A-Za-z0-9._~-]{1,64}$/;

/** How a sender names itself; undefined where it does not, or not as it should. */
export function senderOf(headers: RequestHeaders): string | undefined {
  const name = headers[fields.weirClient];
  return typeof name === 'string' && nameForm.test(name) ? name : undefined;
}

/** A decided request, before it is known whether its sender has a name. */
export interface MaybeNamed extends Omit<Asked, 'sender'> {
  readonly headers: RequestHeaders;
}

/** The turn of whoever sent this; undefined where it has no name or need not wait. */
export function turnOf(hints: Hints, asked: MaybeNamed): Us | undefined | Promise<Us | undefined> {
  const sender = senderOf(asked.headers);
  return sender === undefined ? undefined : hints.tell({ ...asked, sender });
}

/** What is left of a turn when it is asked for: the batch may have taken its time to be safe. */
export function turnLeft(
  turn: Us | undefined | Promise<Us | undefined>,
  world: World,
): () => Promise<Us | undefined> {
  const sinceMs = world.now();
  return async () => {
    const nextUs = await turn;
    if (nextUs === undefined) return undefined;
    return Math.max(0, nextUs - Math.round(1_000 * (world.now() - sinceMs)));
  };
}

/** The same refusal, with the turn of whoever is refused. */
export function withTurn<T extends Refusal>(
  refusal: T,
  hints: Hints,
  asked: MaybeNamed,
): T | Promise<T> {
  const turn = turnOf(hints, asked);
  if (turn === undefined) return refusal;
  if (turn instanceof Promise) return turn.then((nextUs) => ({ ...refusal, nextUs }));
  return { ...refusal, nextUs: turn };
}
