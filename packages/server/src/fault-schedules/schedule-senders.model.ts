import { isRefusal } from '@weir/core/wire/refusal';
import type { Random } from '@weir/core/world/random';
import type { BodyForm } from '../body/content-type.ts';
import { hashBody, hashKey } from '../spool/idempotency.ts';
import type { Idempotency } from '../spool/record.ts';
import type { ScheduleServer } from './schedule-server.model.ts';

/** What became of a message, as far as its sender knows. */
type Fate = 'waits' | 'sent' | 'acked' | 'unknown';

/** A request: what is in it, and what its sender was told. */
export interface Message {
  readonly tenant: string;
  readonly form: BodyForm;
  readonly body: Buffer;
  readonly idempotency: Idempotency | undefined;
  /** Of its good events; those of the others must never be seen again. */
  readonly ids: readonly string[];
  readonly badIds: readonly string[];
  fate: Fate;
  server: ScheduleServer | undefined;
  receipt: string | undefined;
}

export const tenants: readonly string[] = ['acme', 'globex', 'initech', 'umbrella', 'hooli'];

/**
 * Senders that remember what they were told. What was refused is sent again as something new; what
 * was never answered is sent again only where its key makes that safe.
 */
export class ScheduleSenders {
  readonly messages: Message[] = [];
  refusals = 0;
  /** Answers that were not those of the first time. */
  readonly wrong: string[] = [];
  readonly #lots: Random;
  readonly #withKeys: boolean;
  #events = 0;

  constructor(lots: Random, withKeys: boolean) {
    this.#lots = lots;
    this.#withKeys = withKeys;
  }

  /** Sends what waits to be sent again, or else something new; now and then a repeat as well. */
  send(server: ScheduleServer): void {
    if (this.#withKeys && this.#pick(5) === 0) this.#repeat(server);
    this.#post(this.messages.find(({ fate }) => fate === 'waits') ?? this.#compose(), server);
  }

  /** Sends again all that waits; whether there was anything. */
  sendWaiting(server: ScheduleServer): boolean {
    const waiting = this.messages.filter(({ fate }) => fate === 'waits');
    for (const message of waiting) this.#post(message, server);
    return waiting.length > 0;
  }

  /** Nobody will hear what became of what this server was asked. */
  died(server: ScheduleServer): void {
    for (const message of this.messages) {
      if (message.server !== server || message.fate !== 'sent') continue;
      message.fate = message.idempotency === undefined ? 'unknown' : 'waits';
    }
  }

  count(fate: Fate): number {
    return this.messages.filter((message) => message.fate === fate).length;
  }

  #post(message: Message, server: ScheduleServer): void {
    message.fate = 'sent';
    message.server = server;
    void server.ask(message).then((answer) => {
      if (isRefusal(answer)) {
        message.fate = 'waits';
        this.refusals += 1;
      } else {
        message.fate = 'acked';
        message.receipt = answer.receipt;
      }
    });
  }

  /** Sends again what was answered, as who lost the answer does: it is answered so again. */
  #repeat(server: ScheduleServer): void {
    const keyed = this.messages.filter((each) => each.idempotency && each.fate === 'acked');
    const message = keyed[this.#pick(keyed.length)];
    if (message === undefined) return;
    void server.ask(message).then((answer) => {
      if (isRefusal(answer) || answer.receipt === message.receipt) return;
      this.wrong.push(`repeated: ${message.receipt} is now ${answer.receipt}`);
    });
  }

  #compose(): Message {
    const tenant = tenants[this.#pick(tenants.length)] as string;
    const count = this.#pick(3) === 0 ? 1 + this.#pick(12) : 1;
    const events = Array.from({ length: count }, () => this.#event(tenant));
    const good = events.filter(({ isGood }) => isGood);
    if (good.length === 0) return this.#compose(); // it would be refused as a whole
    const texts = events.map(({ text }) => text);
    const [form, text] = this.#shape(texts);
    const body = Buffer.from(text);
    const key = this.#withKeys && this.#pick(2) === 0 ? `key-${this.messages.length}` : undefined;
    const message: Message = {
      tenant,
      form,
      body,
      idempotency:
        key === undefined ? undefined : { key: hashKey(tenant, key), body: hashBody(body) },
      ids: good.map(({ id }) => id),
      badIds: events.filter(({ isGood }) => !isGood).map(({ id }) => id),
      fate: 'waits',
      server: undefined,
      receipt: undefined,
    };
    this.messages.push(message);
    return message;
  }

  #event(tenant: string) {
    const id = `${tenant}-${this.#events}`;
    this.#events += 1;
    const isGood = this.#pick(20) > 0;
    const padding = 'x'.repeat(this.#pick(200));
    const type = isGood ? '"type":"test.sent",' : '';
    return { id, isGood, text: `{${type}"id":"${id}","data":{"padding":"${padding}"}}` };
  }

  #shape(texts: readonly string[]): [BodyForm, string] {
    if (texts.length === 1) return ['json', texts[0] as string];
    const lot = this.#pick(3);
    if (lot === 0) return ['ndjson', texts.join('\n')];
    const array = `[${texts.join(',')}]`;
    return ['json', lot === 1 ? array : `{"events":${array}}`];
  }

  #pick(end: number): number {
    return Math.floor(this.#lots.uniform() * end);
  }
}
