import type { World } from '@weir/core/world/world';
import type { ResolvedOptions } from './options.ts';
import { utf8Length } from './utf8.ts';
import { uuidMaker } from './uuid-v7.ts';
import { WeirError } from './weir-error.ts';

/** What may be said of one event beside its type and data. */
export interface EventOptions {
  /** Kept over every repeat, restart and failover. @default a UUIDv7 */
  readonly id?: string | undefined;
  /** When it happened. @default now */
  // biome-ignore lint/style/noRestrictedGlobals: a type; nobody asks it for the time
  readonly time?: Date | undefined;
  readonly source?: string | undefined;
  readonly subject?: string | undefined;
  /** Further attributes: names of `a-z0-9`, values strings, booleans or whole numbers of 32 bits. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** An event as it will be sent: one line of JSON. */
export interface EventText {
  readonly text: string;
  readonly bytes: number;
}

const attributeName = /^[a-z0-9]{1,64}$/;
const taken = new Set(['id', 'type', 'time', 'data', 'data_base64']);
const mostTypes = 1_000;

/**
 * Writes events as CloudEvents. Everything that is wrong with one is said at the call, with the
 * field and its bound, so that it never gets in the way of those behind it.
 */
export class EventWriter {
  readonly #options: Pick<ResolvedOptions, 'maxEventBytes' | 'maxBatchBytes' | 'redact'>;
  readonly #world: Pick<World, 'date' | 'randomBytes'>;
  readonly #makeId: () => string;
  readonly #common: Readonly<Record<string, string | number | boolean>>;
  readonly #commonText: string;
  readonly #types = new Map<string, string>(); // as JSON: types are few
  #timeMs = Number.NaN;
  #timeText = '';

  constructor(options: ResolvedOptions, world: Pick<World, 'date' | 'randomBytes'>) {
    this.#options = options;
    this.#world = world;
    this.#makeId = uuidMaker(world);
    this.#common = options.attributes ?? {};
    this.#commonText = attributesText(this.#common);
  }

  /** undefined where `redact` wants it dropped. Throws a WeirError `invalid_event` or `event_too_large`. */
  write(type: string, data: unknown, given?: EventOptions): EventText | undefined {
    const { redact } = this.#options;
    if (redact === undefined) return this.#write(type, data, given);
    const draft = redact({ type, data });
    return draft === undefined ? undefined : this.#write(draft.type, draft.data, given);
  }

  #write(type: string, data: unknown, given: EventOptions | undefined): EventText {
    const head = given === undefined ? this.#plainHead(type) : this.#head(type, given);
    const text = data === undefined ? `${head}}` : `${head},"data":${dataText(data)}}`;
    const bytes = utf8Length(text);
    const { maxEventBytes, maxBatchBytes } = this.#options;
    const most = Math.min(maxEventBytes, maxBatchBytes);
    if (bytes > most) {
      const detail = `the event has ${bytes} bytes, the most is ${most} (maxEventBytes, maxBatchBytes)`;
      throw new WeirError('event_too_large', detail, { field: 'data' });
    }
    return { text, bytes };
  }

  #plainHead(type: string): string {
    const { date } = this.#world;
    const nowMs = date.call(this.#world);
    if (nowMs !== this.#timeMs) this.#setTime(nowMs);
    return `{"id":"${this.#makeId()}","type":${this.#typeText(type)},"time":"${this.#timeText}"${this.#commonText}`;
  }

  #head(type: string, given: EventOptions): string {
    const { id = this.#makeId(), time, source, subject, attributes } = given;
    if (typeof id !== 'string' || id === '') throw invalid('id', 'must be a non-empty string');
    const atMs = time === undefined ? this.#world.date() : Number(time);
    if (Number.isNaN(atMs)) throw invalid('time', 'must be a valid Date');
    if (atMs !== this.#timeMs) this.#setTime(atMs);
    const own: Record<string, string | number | boolean> = { ...this.#common, ...attributes };
    if (source !== undefined) own.source = source;
    if (subject !== undefined) own.subject = subject;
    const rest = attributesText(own);
    return `{"id":${JSON.stringify(id)},"type":${this.#typeText(type)},"time":"${this.#timeText}"${rest}`;
  }

  #setTime(atMs: number): void {
    // biome-ignore lint/style/noRestrictedGlobals: writes an instant that World gave, asks for none
    this.#timeText = new Date(atMs).toISOString();
    this.#timeMs = atMs;
  }

  #typeText(type: string): string {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    if (typeof type !== 'string' || type === '')
      throw invalid('type', 'must be a non-empty string');
    const text = JSON.stringify(type);
    if (this.#types.size < mostTypes) this.#types.set(type, text);
    return text;
  }
}

function dataText(data: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new WeirError('invalid_event', `data cannot be written as JSON: ${why}`, {
      field: 'data',
      cause,
    });
  }
  if (text === undefined) throw invalid('data', `cannot be written as JSON: a ${typeof data}`);
  return text;
}

/** Throws a WeirError `invalid_event` where a name or value is none that CloudEvents allow. */
function attributesText(attributes: Readonly<Record<string, string | number | boolean>>): string {
  let text = '';
  for (const [name, value] of Object.entries(attributes)) {
    if (!attributeName.test(name) || taken.has(name) || name.startsWith('weir')) {
      throw invalid(name, 'is no name of an attribute: 1 to 64 of a-z0-9, not beginning with weir');
    }
    const isInteger = Number.isInteger(value) && Math.abs(Number(value)) < 2_147_483_648;
    if (typeof value !== 'string' && typeof value !== 'boolean' && !isInteger) {
      throw invalid(name, 'must be a string, a boolean or a whole number of 32 bits');
    }
    text += `,"${name}":${JSON.stringify(value)}`;
  }
  return text;
}

function invalid(field: string, what: string): WeirError {
  return new WeirError('invalid_event', `${field} ${what}`, { field });
}
