import type { Ms } from '../world/world.ts';

const mostSlots = 64;
const apartMs: Ms = 1; // what rounding up makes of one and the same instant

/**
 * The instants that the server set aside for this sender. While it gives any, requests go at them
 * and at no other time; a sender that has none but has replies under way waits for these.
 */
export class SlotList {
  readonly #atMs: Ms[] = [];
  #isLed = false;

  /** Whether the server tells when to send. */
  get isLed(): boolean {
    return this.#isLed;
  }

  /** @param underWay requests that are to be replied to yet */
  readyAtMs(nowMs: Ms, underWay: number): Ms {
    const [first] = this.#atMs;
    if (first !== undefined) return Math.max(nowMs, first);
    return underWay > 0 ? Infinity : nowMs;
  }

  /** A request goes, at a slot or without one. */
  sent(): void {
    this.#atMs.shift();
  }

  /**
   * A reply named an instant. Who is refused while it holds slots is told its first one again, seen
   * through another delay: that moves it, and adds none.
   */
  add(atMs: Ms, admitted: boolean): void {
    this.#isLed = true;
    const slots = this.#atMs;
    if (!admitted && slots.length > 0) slots.shift();
    if (slots.some((slotMs) => Math.abs(slotMs - atMs) < apartMs)) return;
    let place = slots.length;
    while (place > 0 && (slots[place - 1] as Ms) > atMs) place -= 1;
    slots.splice(place, 0, atMs);
    if (slots.length > mostSlots) slots.pop();
  }

  /** A reply named none: nobody need wait for others. */
  release(): void {
    this.#isLed = false;
    this.#atMs.length = 0;
  }
}
