import type { Receipt } from '@weir/core/wire/receipt';
import type { Ms, World } from '@weir/core/world/world';
import type { RedisConnection } from '../redis/connect.ts';
import { withinDeadline } from '../redis/deadline.ts';
import { RedisScript } from '../redis/script.ts';
import type { Idempotency } from '../spool/record.ts';
import type { RecoveredAnswer, RecoveredKeys } from '../spool/recovered-keys.ts';
import type { Claim, Claimed, ClaimOutcome, Claims } from './claims.ts';
import { Republishing } from './republishing.ts';
import { Unsettled } from './unsettled.ts';

export interface RedisClaimsDeps {
  readonly redis: RedisConnection;
  readonly world: World;
  /**
   * How long an answer is waited for; then the local window alone counts. Longer than for a decision,
   * as a claim that is missed can store twice; once it was too long, nobody waits until Redis is back.
   */
  readonly deadlineMs: Ms;
  /** Who writes in this server's spool: if it dies, who finds its spool knows its claims by this. */
  readonly writer: string;
  /** How long an answer is known. */
  readonly windowMs: Ms;
  /** A claim whose owner is not heard of for so long may be taken over. */
  readonly silentMs: Ms;
  readonly counts: { claim(outcome: ClaimOutcome): void };
}

/** How often it is looked whether Redis is back. */
const probeMs = 250;
/** Of longer answers the list of rejected events is not kept, so that Redis stays small. */
const mostReplyLength = 256 * 1024;
const prefix = 'weir1:key';

/**
 * Claims in Redis: one small hash for each key, for as long as the window. Keys are hashed already.
 * Bounded by the requests under way and by Redis' own memory; `noeviction` or a volatile policy both
 * do, since a key that was evicted is merely new again. While Redis is away a request goes on without
 * a claim, and its answer is told as soon as it is back.
 */
export class RedisClaims implements Claims {
  readonly #deps: RedisClaimsDeps;
  readonly #claim: RedisScript;
  readonly #settle: RedisScript;
  readonly #unsettled: Unsettled;
  readonly #republishing: Republishing;
  #isAway = false;

  constructor(deps: RedisClaimsDeps) {
    this.#deps = deps;
    this.#unsettled = new Unsettled(deps.world, (one) => this.#settle.run([one.name], one.args));
    this.#republishing = new Republishing(deps.world, (...answer) => this.#publish(...answer));
    this.#claim = new RedisScript(deps.redis, new URL('./claim.lua', import.meta.url));
    this.#settle = new RedisScript(deps.redis, new URL('./settle.lua', import.meta.url));
  }

  async claim(idempotency: Idempotency): Promise<Claimed> {
    const { writer, world } = this.#deps;
    const token = Buffer.concat([Buffer.from(writer), world.randomBytes(16)]);
    const answer = await this.#ask(idempotency, token);
    this.#deps.counts.claim(outcomeOf(answer));
    // Also where nobody could be asked: the claim may have been made, and the answer is worth telling.
    const isOurs = answer === 'claimed' || answer === 'taken over' || answer === 'away';
    return isOurs ? { claim: this.#hold(idempotency, token) } : answer;
  }

  /**
   * Tells all servers, in the background, what a server that died had answered, so that a repeat gets
   * that answer wherever it goes. Changes nothing where somebody else has answered or is at it.
   */
  recovered(keys: RecoveredKeys): void {
    this.#republishing.add(keys);
  }

  async #publish(writer: string, { idempotency, receipt, leftMs }: RecoveredAnswer): Promise<void> {
    const { silentMs, counts } = this.#deps;
    const { key, body } = idempotency;
    const windowMs = `${Math.ceil(leftMs)}`;
    const args = [writer, 'recovered', Buffer.from(body), textOf(receipt), windowMs, `${silentMs}`];
    if ((await this.#settle.run([nameOf(key)], args)) === 1) counts.claim('recovered');
  }

  async #ask({ key, body }: Idempotency, token: Buffer): Promise<Answer> {
    const { world, windowMs, silentMs, deadlineMs } = this.#deps;
    if (this.#isAway) return 'away';
    const args = [token, Buffer.from(body), `${windowMs}`, `${silentMs}`];
    try {
      const answer = this.#claim.run([nameOf(key)], args) as Promise<readonly Buffer[]>;
      return read(await withinDeadline(answer, deadlineMs, world));
    } catch {
      this.#lost();
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
        void this.#settle.run([name], [token, 'heard']).catch(ignore);
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

  /** Said in time, or else behind the answer, again and again. */
  async #run(args: readonly (string | Buffer)[], name: string): Promise<void> {
    const { world, deadlineMs, windowMs } = this.#deps;
    if (this.#isAway) {
      this.#unsettled.add({ name, args }, windowMs);
      return;
    }
    try {
      await withinDeadline(this.#settle.run([name], args), deadlineMs, world);
    } catch {
      this.#lost();
      this.#unsettled.add({ name, args }, windowMs);
    }
  }

  /** From now on no request asks, until a probe is answered in time. */
  #lost(): void {
    if (this.#isAway) return;
    this.#isAway = true;
    const { world, deadlineMs } = this.#deps;
    const probe = async (): Promise<void> => {
      try {
        const answer = this.#settle.run([`${prefix}:probe`], ['', 'heard']);
        await withinDeadline(answer, deadlineMs, world);
        this.#isAway = false;
      } catch {
        world.after(probeMs, () => void probe());
      }
    };
    world.after(probeMs, () => void probe());
  }
}

type Answer = 'claimed' | 'taken over' | 'away' | Exclude<Claimed, { readonly claim: Claim }>;

function read([what, body, receipt]: readonly Buffer[]): Answer {
  const outcome = what?.toString();
  switch (outcome) {
    case 'claimed':
    case 'taken over':
    case 'open':
    case 'other body':
      return outcome;
    default: {
      const told = JSON.parse(receipt?.toString() ?? '') as Receipt;
      return { reply: { body: body ?? Buffer.alloc(0), receipt: told } };
    }
  }
}

function outcomeOf(answer: Answer): ClaimOutcome {
  if (answer === 'taken over') return 'taken_over';
  if (answer === 'other body') return 'open';
  return typeof answer === 'string' ? answer : 'repeat';
}

function textOf(receipt: Receipt): string {
  const text = JSON.stringify(receipt);
  return text.length <= mostReplyLength ? text : JSON.stringify({ ...receipt, rejected: [] });
}

function nameOf(key: Uint8Array): string {
  return `${prefix}:${Buffer.from(key).toString('base64url')}`;
}

function ignore(): void {}
