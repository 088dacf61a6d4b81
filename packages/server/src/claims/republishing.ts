import type { Ms, World } from '@weir/core/world/world';
import type { RecoveredAnswer, RecoveredKeys } from '../spool/recovered-keys.ts';

/** Says one answer of this dead writer; rejects where nobody heard it. */
type Say = (writer: string, answer: RecoveredAnswer) => Promise<void>;

const againMs: Ms = 250;
const mostAtOnce = 64;
const mostSegments = 10_000;

/**
 * Says what was recovered, segment after segment, 64 answers at once, and again until it is heard. Holds
 * no answer but those under way: the rest is read from where the spool keeps it, and what is over by
 * then is passed over. At most 10,000 segments wait; further ones are not told of.
 */
export class Republishing {
  readonly #world: World;
  readonly #say: Say;
  readonly #waiting: RecoveredKeys[] = [];
  #isAtIt = false;

  constructor(world: World, say: Say) {
    this.#world = world;
    this.#say = say;
  }

  add(keys: RecoveredKeys): void {
    if (this.#waiting.length < mostSegments) this.#waiting.push(keys);
    if (this.#isAtIt) return;
    this.#isAtIt = true;
    this.#world.after(0, () => void this.#sayAll());
  }

  async #sayAll(): Promise<void> {
    for (let keys = this.#waiting.shift(); keys !== undefined; keys = this.#waiting.shift()) {
      const { writer } = keys;
      for (const some of inBatches(keys.answers())) {
        await Promise.all(some.map((answer) => this.#saySurely(writer, answer)));
      }
    }
    this.#isAtIt = false;
  }

  async #saySurely(writer: string, answer: RecoveredAnswer): Promise<void> {
    const untilMs = this.#world.now() + answer.leftMs;
    for (let nowMs = this.#world.now(); nowMs < untilMs; nowMs = this.#world.now()) {
      try {
        return await this.#say(writer, { ...answer, leftMs: untilMs - nowMs });
      } catch {
        await new Promise<void>((resolve) => this.#world.after(againMs, resolve));
      }
    }
  }
}

/** Each answer with hashes of its own, as those it came with are views that change. */
function* inBatches(answers: Iterable<RecoveredAnswer>): Generator<RecoveredAnswer[]> {
  let some: RecoveredAnswer[] = [];
  for (const { idempotency, ...answer } of answers) {
    const { key, body } = idempotency;
    some.push({ ...answer, idempotency: { key: key.slice(), body: body.slice() } });
    if (some.length < mostAtOnce) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
