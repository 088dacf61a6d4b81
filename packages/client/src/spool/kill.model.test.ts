import { MemoryDisk } from '@weir/segment-log/memory-disk';
import { MemoryFiles } from '@weir/segment-log/memory-files';
import { expect, test } from 'vitest';
import type { Client } from '../client.ts';
import { ClientWorld, type Script, type Scripted } from '../client-world.model.ts';
import { FakeWeir } from '../testing/fake-weir.ts';

// Processes that share a folder die at random instants, the power fails now and then, and the server
// answers, refuses, or loses its answers. Whatever `send` took durably is taken by it once.

const mostEvents = 5; // a server that takes less than the client thinks
const histories = Number(process.env.WEIR_TEST_HISTORIES ?? 40);

class History {
  readonly at: ClientWorld = new ClientWorld();
  readonly disk = new MemoryDisk();
  readonly weir: FakeWeir = new FakeWeir({ maxEventBytes: 2_000 }, this.at.world);
  readonly acknowledged = new Set<string>();
  #events = 0;

  constructor(seed: number) {
    for (let i = 0; i < seed * 17; i += 1) this.at.world.random();
    this.at.script = this.#script(this.weir);
  }

  pick(below: number): number {
    return Math.floor(this.at.world.random() * below);
  }

  /** One process: it sends for a while and is killed. */
  async live(forMs: number): Promise<void> {
    const files = new MemoryFiles({
      disk: this.disk,
      defer: (task) => this.at.world.after(this.pick(4), task),
      fault: () => undefined,
    });
    this.at.files = files;
    const process = this.at.process();
    const client = process.client({
      spool: { dir: '/spool' },
      lingerMs: this.pick(30),
      maxBatchEvents: 1 + this.pick(8),
      maxQueueEvents: 5 + this.pick(60),
    });
    const untilMs = this.at.world.now() + forMs;
    while (this.at.world.now() < untilMs) {
      for (let n = this.pick(5); n > 0; n -= 1) this.#send(client);
      await this.at.runTo(Math.min(untilMs, this.at.world.now() + this.pick(40)));
    }
    process.kill();
    files.kill();
    if (this.pick(3) === 0) this.disk.losePower(this.at.world.random);
  }

  #send(client: Client): void {
    this.#events += 1;
    const id = `e${this.#events}`;
    const orderingKey = this.pick(4) === 0 ? `k${this.pick(3)}` : undefined;
    client
      .send('n', this.#events, { id, ack: 'spooled', orderingKey })
      .then(() => this.acknowledged.add(id))
      .catch(() => {}); // refused for want of room, or killed
  }

  #script(weir: FakeWeir): Script {
    return ({ method, path, headers, body }): Scripted => {
      const lot = this.pick(12);
      const text = new TextDecoder().decode(body);
      const request = { method, path, headers, body: text };
      if (lot === 0) return { silent: 'cut off before', isAmbiguous: true };
      if (lot === 1) return { status: 500 };
      if (text.split('\n').length > mostEvents) {
        return { status: 413, body: { code: 'too_large', detail: 'too many' } };
      }
      const reply = weir.answer(request);
      if (lot === 3) return { silent: 'the answer was lost', isAmbiguous: true };
      return { status: reply.status, headers: reply.headers, body: JSON.parse(reply.body) };
    };
  }
}

test(`nothing that was taken durably is lost or doubled, in ${histories} histories`, async () => {
  let acknowledged = 0;
  for (let seed = 1; seed <= histories; seed += 1) {
    const history = new History(seed);
    for (let life = 0; life < 4; life += 1) await history.live(50 + history.pick(600));

    history.at.files = new MemoryFiles({
      disk: history.disk,
      defer: (task) => history.at.world.after(1, task),
      fault: () => undefined,
    });
    const last = history.at.process();
    const client = last.client({ spool: { dir: '/spool' } });
    await history.at.runTo(history.at.world.now() + 500_000);
    const { inMemory, spooled } = client.stats();
    expect({ seed, inMemory, spooled }).toEqual({ seed, inMemory: 0, spooled: 0 });

    const counts = new Map<string, number>();
    for (const { id = '' } of history.weir.events) counts.set(id, (counts.get(id) ?? 0) + 1);
    const lost = [...history.acknowledged].filter((id) => !counts.has(id));
    const doubled = [...counts].filter(([, count]) => count > 1).map(([id]) => id);
    expect({ seed, lost, doubled }).toEqual({ seed, lost: [], doubled: [] });
    acknowledged += history.acknowledged.size;
    last.kill();
  }
  expect(acknowledged).toBeGreaterThan(histories * 20);
}, 60_000);
