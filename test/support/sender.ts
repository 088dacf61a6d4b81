import { randomInt, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';

export interface Target {
  readonly url: string;
  readonly key: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One POST over a kept connection; rejects where no whole answer came. */
export function post(
  { url, key }: Target,
  body: string | Buffer,
  { headers = {}, agent }: { headers?: Record<string, string>; agent?: Agent } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/v1/events`,
      {
        method: 'POST',
        ...(agent === undefined ? {} : { agent }),
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...headers,
        },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
        response.on('error', reject);
        response.on('aborted', () => reject(new Error('the answer was cut off')));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A request whose fate is open: it was sent, and no answer came. */
interface Open {
  readonly ids: readonly string[];
  readonly body: string;
  readonly idempotencyKey: string | undefined;
  /** It was sent before without an answer, so a refusal now says nothing about that time. */
  readonly isRepeat?: boolean;
}

/**
 * Senders that remember what they were told: the list against which the stored events are held.
 * Half of their requests carry an `Idempotency-Key`; those are sent again, with it, until answered.
 */
export class Senders {
  /** Answered 2xx: these must be stored, once. */
  readonly acknowledged: Set<string> = new Set();
  /** Refused by an answer: these must not be stored. */
  readonly refused: Set<string> = new Set();
  /** Never answered and never to be sent again: stored once or not at all. */
  readonly unknown: Set<string> = new Set();
  readonly statuses: Map<number, number> = new Map();
  #open: Open[] = [];
  #stopped = true;
  #running: Promise<void>[] = [];

  /** `count` loops that send one request after the other until `stop`. */
  start(target: Target, count: number): void {
    this.#stopped = false;
    const agent = new Agent({ keepAlive: true, maxSockets: count });
    this.#running = Array.from({ length: count }, () => this.#loop(target, agent));
    void Promise.all(this.#running).finally(() => agent.destroy());
  }

  /** Resolves when no request is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /** Sends again whatever has an `Idempotency-Key` and no answer. */
  async settle(target: Target): Promise<void> {
    for (let open = this.#open.pop(); open !== undefined; open = this.#open.pop()) {
      await this.#send(target, open);
    }
  }

  async #loop(target: Target, agent: Agent): Promise<void> {
    while (!this.#stopped) {
      const again = this.#open.pop();
      const answered = await this.#send(target, again ?? makeRequest(), agent);
      if (!answered) return; // the server is gone: the next one is started by the test
    }
  }

  /** False where no answer came. */
  async #send(target: Target, sent: Open, agent?: Agent): Promise<boolean> {
    const headers: Record<string, string> = {};
    if (sent.idempotencyKey !== undefined) headers['idempotency-key'] = sent.idempotencyKey;
    const options = agent === undefined ? { headers } : { headers, agent };
    const reply = await post(target, sent.body, options).catch(() => undefined);
    if (reply === undefined) this.#unanswered(sent);
    else this.#answered(sent, reply.status);
    return reply !== undefined;
  }

  #unanswered(sent: Open): void {
    if (sent.idempotencyKey !== undefined) this.#open.push({ ...sent, isRepeat: true });
    else for (const id of sent.ids) this.unknown.add(id);
  }

  #answered(sent: Open, status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const isTaken = status < 300;
    if (!isTaken && sent.isRepeat) {
      this.#open.push(sent);
      return;
    }
    const list = isTaken ? this.acknowledged : this.refused;
    for (const id of sent.ids) list.add(id);
  }
}

function makeRequest(): Open {
  const ids = Array.from({ length: randomInt(10) === 0 ? 20 : 1 }, () => randomUUID());
  const events = ids.map((id) => ({ id, type: 'test.sent', data: { n: randomInt(1_000_000) } }));
  const body = JSON.stringify(events.length === 1 ? events[0] : events);
  return { ids, body, idempotencyKey: randomInt(2) === 0 ? randomUUID() : undefined };
}
