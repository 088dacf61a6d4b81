import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { post, type Target } from './sender.ts';

/**
 * Clients that keep their connections and send one event after the other to the servers that a
 * balancer would show them. They remember what was taken, and every request that got no answer.
 */
export class KeptClients {
  readonly acknowledged: Set<string> = new Set();
  readonly refused: Set<string> = new Set();
  /** Refusals by status. */
  readonly statuses: Map<number, number> = new Map();
  /** Requests that were cut off: none of these may ever be. */
  readonly cut: string[] = [];
  /** Connections that nobody took: the server has stopped. */
  notTaken = 0;
  readonly #targets: Target[] = [];
  readonly #agent = new Agent({ keepAlive: true, scheduling: 'fifo' });
  #stopped = false;
  #running: Promise<void>[] = [];

  /** From now on this server is shown to them. */
  show(target: Target): void {
    this.#targets.push(target);
  }

  hide(target: Target): void {
    this.#targets.splice(this.#targets.indexOf(target), 1);
  }

  start(count: number): void {
    this.#running = Array.from({ length: count }, (_, i) => this.#loop(i));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  async #loop(turn: number): Promise<void> {
    for (let round = turn; !this.#stopped; round += 1) {
      const target = this.#targets[round % this.#targets.length];
      if (target === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      else await this.#send(target);
    }
  }

  async #send(target: Target): Promise<void> {
    const id = randomUUID();
    try {
      const { status } = await post(target, `{"type":"a","id":"${id}"}`, { agent: this.#agent });
      if (status < 300) this.acknowledged.add(id);
      else this.refused.add(id);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNREFUSED') this.cut.push(`${code}: ${message}`);
      this.notTaken += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
