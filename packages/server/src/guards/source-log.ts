import { hash } from 'node:crypto';
import type { Ms, World } from '@weir/core/world/world';
import type { Log } from '../log.ts';
import type { Offence } from './source-blocks.ts';

const dayMs: Ms = 86_400_000;
const minuteMs: Ms = 60_000;
const mostLinesAMinute = 20;

/**
 * Logs who was blocked, by a name that holds for a day and tells nobody the address: a hash with a
 * salt that never leaves this process. At most 20 lines a minute.
 */
export class SourceLog {
  readonly #world: World;
  readonly #log: Pick<Log, 'warn'>;
  #day = -1;
  #salt: Uint8Array = new Uint8Array();
  #minute = -1;
  #lines = 0;

  constructor(world: World, log: Pick<Log, 'warn'>) {
    this.#world = world;
    this.#log = log;
  }

  blocked(offence: Offence, source: string, forMs: Ms): void {
    const minute = Math.floor(this.#world.now() / minuteMs);
    if (minute !== this.#minute) this.#lines = 0;
    this.#minute = minute;
    this.#lines += 1;
    if (this.#lines > mostLinesAMinute) return;
    const seconds = Math.ceil(forMs / 1_000);
    this.#log.warn({ source: this.nameOf(source), offence, seconds }, 'a source is blocked');
  }

  /** The same source has the same name all day. */
  nameOf(source: string): string {
    const day = Math.floor(this.#world.date() / dayMs);
    if (day !== this.#day) this.#salt = this.#world.randomBytes(16);
    this.#day = day;
    const salted = Buffer.concat([this.#salt, Buffer.from(source)]);
    return hash('sha256', salted, 'base64url').slice(0, 16);
  }
}
