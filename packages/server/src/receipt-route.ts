import { parseReceipt, type ReceiptId } from '@weir/core/wire/receipt';
import { isRefusal, type Refusal } from '@weir/core/wire/refusal';
import type { Handler } from 'hono';
import type { Entrance } from './guards/entrance.ts';
import type { Receipts } from './reading/receipts.ts';
import type { Replies } from './reply.ts';
import { type AppContext, type AppEnv, headersOf } from './request.ts';
import { StoreError } from './store/store.ts';
import type { StoredWaits } from './stored-waits.ts';

export interface ReceiptDeps {
  readonly entrance: Entrance;
  readonly receipts: Receipts;
  readonly waits: StoredWaits;
  readonly replies: Replies;
  readonly longestWaitSeconds: number;
}

/** Lookups read the store, so only so many run at once; a waiting one reads nothing yet. */
const mostLookups = 64;

/** GET /v1/receipts/ID: what became of a batch. `?wait=N` holds the reply until it is stored. */
export function receipt(deps: ReceiptDeps): Handler<AppEnv> {
  const { entrance, receipts, waits, replies, longestWaitSeconds } = deps;
  let running = 0;

  const look = async (c: AppContext, id: ReceiptId, tenant: string): Promise<Response> => {
    if (running >= mostLookups) return replies.refused(tooMany);
    running += 1;
    try {
      const status = await receipts.lookup(id, tenant, c.req.raw.signal);
      if (status === undefined) return replies.refused(noReceipt);
      return replies.ok(status);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return replies.refused(noStore);
    } finally {
      running -= 1;
    }
  };

  return async (c) => {
    const caller = entrance.authenticate(c, headersOf(c));
    if (isRefusal(caller)) return replies.refused(caller);
    const text = c.req.param('id') as string;
    const id = parseReceipt(text);
    if (id === undefined) return replies.refused(noReceipt);

    const seconds = waitSeconds(c.req.query('wait'), longestWaitSeconds);
    if (seconds > 0) await waits.wait(text, seconds * 1_000);
    return look(c, id, caller.tenant);
  };
}

function waitSeconds(text: string | undefined, longest: number): number {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Math.min(Number(text), longest) : 0;
}

const noReceipt: Refusal = {
  refused: 'not_found',
  detail: 'no such receipt of this tenant; expected one that POST /v1/events returned to it',
};

/** Why it does not is for the operator: `/readyz` and the log tell. */
const noStore: Refusal = {
  refused: 'store_trouble',
  detail: 'the receipt is safe, and cannot be looked up while the object store does not answer',
  retryAfterMs: 5_000,
};

const tooMany: Refusal = {
  refused: 'over_capacity',
  detail: `${mostLookups} receipts are being looked up already`,
  retryAfterMs: 1_000,
};
