/** Length of an id. */
export const idBytes = 36;

const hex = Buffer.from('0123456789abcdef');
const low32 = 4_294_967_296;
const low30 = 1_073_741_824;
const low42 = 4_398_046_511_104;

/**
 * The ids that weir gives to events of one segment: UUIDv7, of the arrival in milliseconds and 74
 * bits that count up from the segment's seed. The same segment always gives the same ids.
 */
export class EventIds {
  readonly #high42: number;
  readonly #low32: number;

  /** @param seed 20 hex digits, of which the last 74 bits count */
  constructor(seed: string) {
    this.#low32 = Number.parseInt(seed.slice(-8), 16);
    this.#high42 = Number.parseInt(seed.slice(-19, -8), 16) % low42;
  }

  /** Writes the id of event number `n` of the segment at `at`. */
  write(bytes: Buffer, at: number, arrivedAtMs: number, n: number): void {
    const sum = this.#low32 + n;
    const high42 = (this.#high42 + Math.floor(sum / low32)) % low42;
    const timeLow = arrivedAtMs % 65_536;
    writeHex(bytes, at, Math.floor(arrivedAtMs / 65_536), 8);
    bytes[at + 8] = 0x2d;
    writeHex(bytes, at + 9, timeLow, 4);
    bytes[at + 13] = 0x2d;
    writeHex(bytes, at + 14, 0x7000 + Math.floor(high42 / low30), 4); // version 7
    bytes[at + 18] = 0x2d;
    const middle = high42 % low30;
    writeHex(bytes, at + 19, 0x8000 + (middle >>> 16), 4); // variant 10
    bytes[at + 23] = 0x2d;
    writeHex(bytes, at + 24, middle & 0xffff, 4);
    writeHex(bytes, at + 28, sum % low32, 8);
  }
}

/** The low `digits` hex digits of a whole number below 2^32. */
function writeHex(bytes: Buffer, at: number, value: number, digits: number): void {
  for (let i = digits - 1, rest = value; i >= 0; i -= 1, rest >>>= 4) {
    bytes[at + i] = hex[rest & 15] as number;
  }
}
