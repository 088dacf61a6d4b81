import { costIn, type Decision } from '@weir/core/admission';
import type { Verdict } from '@weir/core/gcra';
import { isContended, type SlotBounds, useSlot } from '@weir/core/slots';
import type { Ms, Us, World } from '@weir/core/world/world';
import type { RedisConnection } from '../redis/connect.ts';
import { withinDeadline } from '../redis/deadline.ts';
import { RedisScript } from '../redis/script.ts';
import type { Caller, CallerQuota } from '../tenants/caller.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Asked, Hints } from './hints.ts';
import { stateKeysOf } from './state-key.ts';

export interface RedisHintsDeps {
  readonly redis: RedisConnection;
  readonly world: World;
  readonly bounds: SlotBounds;
  /** How long an answer is waited for; then nothing is told. */
  readonly deadlineMs: Ms;
}

/** After so many calls in a row without an answer Redis is not asked for a while. */
const failuresInARow = 3;
const awayMs: Ms = 250;
/** A name a request would cost Redis a call each, so it is left alone for this long. */
const crowdedUs: Us = 1_000_000;
const prefix = 'weir1';
const mostSenders = 131_072;
const mostQuotas = 10_000;

/** What this server saw last of the senders of a quota. */
interface Seen {
  readonly senders: number;
  /** Until then its queue is too long for further turns, on our clock. */
  readonly fullUntilUs: Us;
  /** Until then nobody new is counted, and so not asked about: it has its most senders. */
  readonly crowdedUntilUs: Us;
}

/** A quota that may be contended, as the script is asked about it. */
interface Part {
  readonly named: CallerQuota;
  readonly key: string;
  readonly args: readonly number[];
}

/**
 * Hints for quotas that servers share: cursor and senders lie in Redis beside the quota's state. A call
 * of its own, after the decision and beside the append, and only for a named sender that holds no turn
 * here, on a quota that is near its limit; so a refusal that is told its turn again costs Redis nothing,
 * and neither does one for which the queue is too long. Nothing is told while Redis does not answer.
 *
 * Remembered: 131,072 senders with their turns and 10,000 quotas, the oldest of which are let go.
 */
export class RedisHints implements Hints {
  readonly #deps: RedisHintsDeps;
  readonly #script: RedisScript;
  readonly #live = new BoundedMap<string, Us[]>(mostSenders);
  readonly #seen = new BoundedMap<string, Seen>(mostQuotas);
  readonly #keys = new WeakMap<Caller, readonly string[]>();
  #failures = 0;
  #awayUntilMs: Ms = 0;

  constructor(deps: RedisHintsDeps) {
    this.#deps = deps;
    this.#script = new RedisScript(deps.redis, new URL('./slots.lua', import.meta.url));
  }

  tell(asked: Asked): Us | undefined | Promise<Us | undefined> {
    const { sender, caller, decision } = asked;
    if (decision.source === 'local' || this.#deps.world.now() < this.#awayUntilMs) return undefined;
    const nowUs = this.#nowUs();
    const name = `${caller.tenant}/${sender}`; // no tenant's sender is another's
    const live = this.#live.get(name) ?? [];
    useSlot(live, nowUs, this.#deps.bounds.expireUs);
    const [first] = live;
    if (first !== undefined && (!decision.allowed || live.length >= this.#deps.bounds.mostLive)) {
      return Math.max(first - nowUs, decision.retryAfterUs);
    }
    const parts = this.#partsOf(asked);
    if (parts.length === 0) return undefined;
    const seen = parts.map(({ named }) => this.#seen.get(named.stateKey));
    if (seen.some((one) => (one?.crowdedUntilUs ?? 0) > nowUs)) return undefined;
    if (seen.some((one) => (one?.fullUntilUs ?? 0) > nowUs)) {
      const { longestAheadUs, longestNextUs } = this.#deps.bounds;
      return Math.max(decision.allowed ? longestNextUs : longestAheadUs, decision.retryAfterUs);
    }
    return this.#ask(name, decision, parts);
  }

  async #ask(name: string, decision: Decision, parts: readonly Part[]): Promise<Us | undefined> {
    const { world } = this.#deps;
    const { mostSenders: most, longestAheadUs, longestNextUs, expireUs } = this.#deps.bounds;
    const keys = parts.flatMap(({ key }) => [`${key}:s`, `${key}:c`]);
    const numbers = [most, longestAheadUs, longestNextUs, expireUs].map(String);
    const args = ['0', name, ...numbers, ...parts.flatMap((part) => part.args.map(String))];
    let told: readonly number[];
    try {
      const answer = this.#script.run(keys, args) as Promise<readonly number[]>;
      told = await withinDeadline(answer, this.#deps.deadlineMs, world);
    } catch {
      this.#failures += 1;
      if (this.#failures >= failuresInARow) this.#awayUntilMs = world.now() + awayMs;
      return undefined;
    }
    this.#failures = 0;
    return this.#learn(name, decision, parts, told);
  }

  #learn(
    name: string,
    { retryAfterUs }: Decision,
    parts: readonly Part[],
    told: readonly number[],
  ): Us | undefined {
    const nowUs = this.#nowUs();
    let waitUs = -1;
    let isHeld = true;
    for (const [i, { named, args }] of parts.entries()) {
      const [toldUs = -1, held, senders = 1] = told.slice(3 * i, 3 * i + 3);
      waitUs = Math.max(waitUs, toldUs);
      const isUnheld = toldUs >= 0 && held === 0;
      if (isUnheld) isHeld = false;
      const [refused = 0, , , , spanUs = 0] = args;
      const isFull = isUnheld && refused === 1; // to who was let in it seems so earlier
      this.#seen.set(named.stateKey, {
        senders,
        fullUntilUs: isFull ? nowUs + spanUs : 0,
        crowdedUntilUs: senders >= this.#deps.bounds.mostSenders ? nowUs + crowdedUs : 0,
      });
    }
    if (waitUs < 0) return undefined;
    const turnUs = Math.max(waitUs, retryAfterUs);
    const live = this.#live.get(name) ?? [];
    if (isHeld)
      this.#live.set(
        name,
        [...live, nowUs + turnUs].toSorted((a, b) => a - b),
      );
    return turnUs;
  }

  /** Those quotas that refused, or may have too little left for all who use them. */
  #partsOf({ caller, cost, decision }: Asked): Part[] {
    const parts: Part[] = [];
    for (let i = 0; i < caller.quotas.length; i += 1) {
      const named = caller.quotas[i] as CallerQuota;
      const verdict = decision.verdicts[i] as Verdict;
      const tokens = costIn(named.unit, cost);
      // Twice as many as were seen last, since only those are counted who come this far.
      const senders = 2 * (this.#seen.get(named.stateKey)?.senders ?? 8);
      if (named.shadow || !isContended(verdict, tokens, Math.max(2, senders))) continue;
      const { p, r, cap } = named.quota;
      // On no clock of anyone's: at most a microsecond late, and never early.
      const passesUs = Math.max(0, verdict.resetUs - Math.floor((cap - tokens * p) / r));
      const waitUs = verdict.allowed ? passesUs : verdict.retryAfterUs;
      const spanUs = Math.ceil((tokens * p) / r);
      const args = [verdict.allowed ? 0 : 1, verdict.remaining, tokens, waitUs, spanUs];
      parts.push({ named, key: this.#keysOf(caller)[i] as string, args });
    }
    return parts;
  }

  #keysOf(caller: Caller): readonly string[] {
    const known = this.#keys.get(caller);
    if (known !== undefined) return known;
    const { keys } = stateKeysOf(caller, prefix);
    this.#keys.set(caller, keys);
    return keys;
  }

  #nowUs(): Us {
    return Math.round(this.#deps.world.now() * 1_000);
  }
}
