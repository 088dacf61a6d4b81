import type { Receipt } from '@weir/core/wire/receipt';
import type { Ms, World } from '@weir/core/world/world';
import type { RedisConnection } from '../redis/connect.ts';
import { withinDeadline } from '../redis/deadline.ts';
import { RedisScript } from '../redis/script.ts';
import type { Idempotency } from '../spool/record.ts';
import type { Claim, Claimed, ClaimOutcome, Claims } from './claims.ts';

export interface RedisClaimsDeps {
  readonly redis: RedisConnection;
  readonly world: World;
  /** How long an answer is waited for; then the local window alone counts. */
  readonly deadlineMs: Ms;
  /** How long an answer is known. */
  readonly windowMs: Ms;
  /** A claim whose owner is not heard of for so long may be taken over. */
  readonly silentMs: Ms;
  readonly counts: { claim(outcome: ClaimOutcome): void };
}

/** After Redis did not answer it is not asked for this long. */
const awayMs = 250;
/** Of longer answers the list of rejected events is not kept, so that Redis stays small. */
const mostReplyLength = 256 * 1024;
const prefix = 'weir1:key';

/**
 * Claims in Redis: one small hash for each key, for as long as the window. Keys are hashed already.
 * Bounded by the requests under way and by Redis' own memory; `noeviction` or a volatile policy both
 * do, since a key that was evicted is merely new again.
 */
export class RedisClaims implements Claims {
  readonly #deps: RedisClaimsDeps;
  readonly #claim: RedisScript;
  readonly #settle: RedisScript;
  #awayUntilMs = 0;

  constructor(deps: RedisClaimsDeps) {
    this.#deps = deps;
    this.#claim = new RedisScript(deps.redis, new URL('./claim.lua', import.meta.url));
    this.#settle = new RedisScript(deps.redis, new URL('./settle.lua', import.meta.url));
  }

  async claim(idempotency: Idempotency): Promise<Claimed> {
    const claimed = await this.#ask(idempotency);
    this.#deps.counts.claim(outcomeOf(claimed));
    return typeof claimed === 'object' && 'token' in claimed
      ? { claim: this.#hold(idempotency, claimed.token) }
      : claimed;
  }

  async #ask({ key, body }: Idempotency): Promise<Asked> {
    const { world, windowMs, silentMs, deadlineMs } = this.#deps;
    if (world.now() < this.#awayUntilMs) return 'away';
    const token = Buffer.from(world.randomBytes(16));
    const args = [token, Buffer.from(body), `${windowMs}`, `${silentMs}`];
    const name = nameOf(key);
    // An answer that comes late may have left a claim: nobody waits for that one.
    const late = (): void => void this.#run([token, 'release'], name);
    try {
      const answer = this.#claim.run([name], args);
      const reply = await withinDeadline(answer, deadlineMs, world, late);
      return read(reply as readonly Buffer[], token);
    } catch {
      this.#awayUntilMs = world.now() + awayMs;
      return 'away';
    }
  }

  /** Says every few seconds that it is still under way. */
  #hold({ key, body }: Idempotency, token: Buffer): Claim {
    const { world, windowMs, silentMs } = this.#deps;
    const name = nameOf(key);
    let stop = (): void => {};
    const sayAgain = (): void => {
      stop = world.after(silentMs / 3, () => {
        void this.#run([token, 'heard'], name);
        sayAgain();
      });
    };
    sayAgain();
    return {
      answered: async (receipt) => {
        stop();
        const args = [token, 'reply', Buffer.from(body), textOf(receipt), `${windowMs}`];
        await this.#run(args, name);
      },
      released: () => {
        stop();
        void this.#run([token, 'release'], name);
      },
    };
  }

  /** What it cannot say is found out by silence. */
  async #run(args: readonly (string | Buffer)[], name: string): Promise<void> {
    const { world, deadlineMs } = this.#deps;
    try {
      await withinDeadline(this.#settle.run([name], args), deadlineMs, world);
    } catch {
      this.#awayUntilMs = world.now() + awayMs;
    }
  }
}

type Asked = Exclude<Claimed, { readonly claim: Claim }> | { token: Buffer; tookOver: boolean };

function read(reply: readonly Buffer[], token: Buffer): Asked {
  const [what, body, receipt] = reply;
  switch (what?.toString()) {
    case 'claimed':
      return { token, tookOver: false };
    case 'taken over':
      return { token, tookOver: true };
    case 'open':
      return 'open';
    case 'other body':
      return 'other body';
    default:
      return {
        reply: {
          body: body ?? Buffer.alloc(0),
          receipt: JSON.parse(receipt?.toString() ?? '') as Receipt,
        },
      };
  }
}

function outcomeOf(asked: Asked): ClaimOutcome {
  if (asked === 'away') return 'away';
  if (typeof asked === 'string') return 'open';
  if ('reply' in asked) return 'repeat';
  return asked.tookOver ? 'taken_over' : 'claimed';
}

function textOf(receipt: Receipt): string {
  const text = JSON.stringify(receipt);
  return text.length <= mostReplyLength ? text : JSON.stringify({ ...receipt, rejected: [] });
}

function nameOf(key: Uint8Array): string {
  return `${prefix}:${Buffer.from(key).toString('base64url')}`;
}
