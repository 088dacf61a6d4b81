import type { Ms } from '../world/world.ts';

const mostSlots = 64;
const apartMs: Ms = 1; // what rounding up makes of one and the same instant

/**
 * The instants that the server set aside for this sender. While it gives any, requests go at them
 * and at no other time; a sender that has none but has replies under way waits for these.
 */
export class SlotList {
  /** Infinity where there is none. */
  #firstMs: Ms = Infinity;
  /** Those after it; undefined until there is one, which a sender of one request at a time never has. */
  #laterMs: Ms[] | undefined;
  #isLed = false;

  /** Whether the server tells when to send. */
  get isLed(): boolean {
    return this.#isLed;
  }

  /** @param underWay requests that are to be replied to yet */
  readyAtMs(nowMs: Ms, underWay: number): Ms {
    if (this.#firstMs < Infinity) return Math.max(nowMs, this.#firstMs);
    return underWay > 0 ? Infinity : nowMs;
  }

  /** A request goes, at a slot or without one. */
  sent(): void {
    this.#firstMs = this.#laterMs?.shift() ?? Infinity;
  }

  /**
   * A reply named an instant. Who is refused while it holds slots is told its first one again, seen
   * through another delay: that moves it, and adds none.
   */
  add(atMs: Ms, admitted: boolean): void {
    this.#isLed = true;
    if (!admitted) this.sent();
    if (this.#firstMs === Infinity) this.#firstMs = atMs;
    else if (Math.abs(this.#firstMs - atMs) >= apartMs) this.#insert(atMs);
  }

  #insert(atMs: Ms): void {
    this.#laterMs ??= [];
    const later = this.#laterMs;
    if (later.some((slotMs) => Math.abs(slotMs - atMs) < apartMs)) return;
    later.unshift(this.#firstMs);
    let place = later.length;
    while (place > 0 && (later[place - 1] as Ms) > atMs) place -= 1;
    later.splice(place, 0, atMs);
    if (later.length > mostSlots) later.pop();
    this.#firstMs = later.shift() as Ms;
  }

  /** A reply named none: nobody need wait for others. */
  release(): void {
    this.#isLed = false;
    this.#firstMs = Infinity;
    this.#laterMs = undefined;
  }
}
