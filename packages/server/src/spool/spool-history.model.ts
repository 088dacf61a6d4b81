import { isRefusal } from '@weir/core/wire/refusal';
import { frameAt, preambleBytes } from '@weir/segment-log/frame';
import { secretOf } from '@weir/segment-log/recover';
import { expect } from 'vitest';
import { readRecords } from '../delivery/segment-records.ts';
import { hashKey } from './idempotency.ts';
import { addTo } from './segment-book.ts';
import { type ModelMachine, type ModelServer, modelOptions } from './spool.model.ts';
import type { Lease } from './spool.ts';
import { batchesIn, batchOf, keyedBatch } from './spool-examples.ts';

/** What became of a batch, as far as its sender knows. */
type Fate = 'sent' | 'acked' | 'refused' | 'unknown';

interface Sent {
  readonly text: string;
  readonly tenant: string;
  readonly key: string | undefined;
  readonly server: ModelServer;
  fate: Fate;
  receipt: string | undefined;
  ackedAtMs: number;
  /** How often the wall clock had stepped when it was sent. */
  readonly clockSteps: number;
}

const hourMs = 3_600_000;
const tenants = ['acme', 'globex', 'initech'];

/** The list in memory that a spool is held to: what was sent, answered, leased and delivered. */
export class SpoolHistory {
  readonly #machine: ModelMachine;
  readonly #sent: Sent[] = [];
  /** Content of each segment when it was first leased: it must never be another. */
  readonly #leased = new Map<string, Buffer>();
  /** Bodies of each delivered segment, by its name. */
  readonly #stored = new Map<string, string[]>();
  /** Segments that were damaged, or called so by a worker. */
  readonly #damaged = new Set<string>();
  clockSteps = 0;

  constructor(machine: ModelMachine) {
    this.#machine = machine;
  }

  send(server: ModelServer, withKeys: boolean): void {
    const { world } = this.#machine;
    const n = this.#sent.length;
    const tenant = tenants[world.pick(tenants.length)] as string;
    const large = world.pick(60) === 0 ? 70_000 : 400;
    const text = `${n}:${'x'.repeat(world.pick(large))}`;
    const key = withKeys && world.pick(2) === 0 ? `key-${n}` : undefined;
    const accepted = 1 + world.pick(4);
    const changes = { tenant, accepted };
    const batch = key === undefined ? batchOf(text, changes) : keyedBatch(text, key, changes);
    const sent: Sent = {
      text,
      tenant,
      key,
      server,
      fate: 'sent',
      receipt: undefined,
      ackedAtMs: 0,
      clockSteps: this.clockSteps,
    };
    this.#sent.push(sent);
    const slot = server.spool.reserve(batch.body.length);
    if (isRefusal(slot)) {
      sent.fate = 'refused';
      return;
    }
    const answering = slot.append(batch).then((answer) => {
      if (isRefusal(answer)) {
        sent.fate = 'refused';
        return;
      }
      this.#acked(sent, answer.receipt);
      addTo(server.accepted, tenant, accepted);
    });
    server.track(answering);
  }

  /** Nobody will hear any more what became of what this server was asked. */
  died(server: ModelServer): void {
    // Where a segment could not be cut, what was refused may come back: status().failed told so.
    const isCut = server.spool.status().failed === undefined;
    for (const sent of this.#sent) {
      if (sent.server !== server) continue;
      if (sent.fate === 'sent' || (sent.fate === 'refused' && !isCut)) sent.fate = 'unknown';
    }
  }

  /** A worker got a segment: it is well formed, and what it was when it was last leased. */
  leased(lease: Lease): void {
    const bytes = this.#bytesOf(lease);
    const name = nameOf(lease);
    const before = this.#leased.get(name);
    if (before !== undefined && !before.equals(bytes)) throw new Error(`${name} changed`);
    this.#leased.set(name, bytes);
    const { header } = readRecords(bytes);
    expect({ writer: header.writer, segment: header.segment }).toEqual({
      writer: lease.writer,
      segment: lease.segment,
    });
    for (const { arrivedAtMs } of batchesIn(bytes)) {
      expect(arrivedAtMs - header.hourMs).toBeGreaterThanOrEqual(0);
      expect(arrivedAtMs - header.hourMs).toBeLessThan(hourMs);
    }
  }

  /** Its manifest is written. */
  delivered(server: ModelServer, lease: Lease): Promise<void> {
    const batches = batchesIn(this.#leased.get(nameOf(lease)) as Buffer);
    const bodies = batches.map(({ body }) => Buffer.from(body).toString());
    this.#stored.set(nameOf(lease), bodies);
    return lease.done().then(() => {
      for (const { tenant, accepted } of batches) addTo(server.delivered, tenant, accepted);
    });
  }

  async setAside(lease: Lease): Promise<void> {
    this.#damaged.add(nameOf(lease));
    await lease.quarantine().catch(() => undefined);
  }

  /** Turns a bit of something that is known to be durable, in a segment nobody holds. */
  damage(): void {
    const { disk, world } = this.#machine;
    const paths = [...disk.names.keys()].filter((path) => /\/[1-9]\d*\.(open|seg)$/.test(path));
    const path = paths[world.pick(paths.length)];
    if (path === undefined || disk.locks.has(path.slice(0, path.lastIndexOf('/')))) return;
    const bytes = disk.content(path);
    const durable = path.endsWith('.seg') ? bytes.length : durableBytesOf(bytes);
    if (durable === 0) return;
    disk.flip(path, world.pick(durable));
    this.#damaged.add(path.replace(/^\/spool\/(\w+)\/(\d+)\.\w+$/, '$1-$2'));
  }

  /** A key that was answered is answered so again, for its window and no longer. */
  repeat(server: ModelServer): void {
    const { world } = this.#machine;
    const keyed = this.#sent.filter(({ key }) => key !== undefined);
    const sent = keyed[world.pick(keyed.length)];
    if (sent?.key === undefined || sent.fate === 'sent') return;
    const found = server.spool.repeat(hashKey('acme', sent.key))?.receipt.receipt;
    if (sent.fate === 'refused') expect(found).toBeUndefined();
    if (found === undefined) this.#expectForgotten(sent, server);
    else if (sent.fate === 'acked') this.#expectKnown(sent, found);
    else this.#acked(sent, found);
  }

  /** What a process took and found is what it delivered, holds, and set aside. */
  ledger(server: ModelServer): void {
    const { queued, recovered, quarantined, requests, failed } = server.spool.status();
    const sums = new Map<string, number>();
    const add = (counts: ReadonlyMap<string, number>, sign: 1 | -1) => {
      for (const [tenant, events] of counts) addTo(sums, tenant, sign * events);
    };
    for (const counts of [server.accepted, recovered]) add(counts, 1);
    for (const counts of [server.delivered, queued, quarantined]) add(counts, -1);
    expect(sums).toEqual(new Map());
    if (requests > 0 || failed !== undefined || server.isImpaired) return;
    const all = server.spool.reserve(modelOptions.bounds.maxBytes);
    if (isRefusal(all)) expect(all.detail, 'nothing is held').toMatch(/stopping|the disk/);
    else all.release();
  }

  /** After the last delivery: every batch is where its sender was told, once; no number lacks. */
  end(): void {
    const places = this.#places();
    const aside = this.#setAsideOnDisk();
    for (const name of aside) expect(this.#damaged).toContain(name);
    for (const sent of this.#sent) {
      const place = places.get(sent.text);
      if (sent.fate === 'refused') expect(place).toBeUndefined();
      if (sent.fate === 'acked' && place !== undefined) expect(place).toBe(sent.receipt);
      if (sent.fate === 'acked' && place === undefined) {
        expect(aside).toContain(segmentIn(sent.receipt));
      }
    }
    this.#expectConsecutive([...this.#stored.keys(), ...aside]);
  }

  get batches(): number {
    return this.#sent.filter(({ fate }) => fate === 'acked').length;
  }

  get setAsideCount(): number {
    return this.#setAsideOnDisk().length;
  }

  /** Where each body is stored, which is in one place. */
  #places(): Map<string, string> {
    const places = new Map<string, string>();
    for (const [name, bodies] of this.#stored) {
      for (const [ordinal, text] of bodies.entries()) {
        if (places.has(text)) throw new Error(`${text} is stored twice`);
        places.set(text, `${name}-${ordinal}`);
      }
    }
    return places;
  }

  #acked(sent: Sent, receipt: string): void {
    sent.fate = 'acked';
    sent.receipt = receipt;
    sent.ackedAtMs = this.#machine.world.now();
  }

  #expectKnown(sent: Sent, receipt: string): void {
    expect(receipt).toBe(sent.receipt);
    const isStill = sent.clockSteps !== this.clockSteps;
    if (!isStill) expect(this.#ageOf(sent)).toBeLessThan(modelOptions.idempotency.windowMs + 1_000);
  }

  #expectForgotten(sent: Sent, server: ModelServer): void {
    if (sent.fate !== 'acked' || sent.clockSteps !== this.clockSteps) return;
    const isLost = server.isImpaired || this.#damaged.has(segmentIn(sent.receipt));
    if (isLost) return;
    expect(this.#ageOf(sent)).toBeGreaterThan(modelOptions.idempotency.windowMs - 1_000);
  }

  #ageOf({ ackedAtMs }: Sent): number {
    return this.#machine.world.now() - ackedAtMs;
  }

  #bytesOf({ source }: Lease): Buffer {
    if ('bytes' in source) return Buffer.from(source.bytes);
    return Buffer.from(this.#machine.disk.content(source.path));
  }

  #setAsideOnDisk(): string[] {
    const names = [...this.#machine.disk.names.keys()];
    return names.flatMap((path) => /^\/spool\/quarantine\/(.*)\.seg$/.exec(path)?.[1] ?? []);
  }

  #expectConsecutive(names: readonly string[]): void {
    const numbers = new Map<string, Set<number>>();
    for (const name of names) {
      const [writer, segment] = name.split('-') as [string, string];
      numbers.set(writer, (numbers.get(writer) ?? new Set()).add(Number(segment)));
    }
    for (const found of numbers.values()) expect(Math.max(...found)).toBe(found.size);
  }
}

function nameOf({ writer, segment }: Lease): string {
  return `${writer}-${segment}`;
}

function segmentIn(receipt: string | undefined): string {
  return receipt?.replace(/-\d+$/, '') ?? '';
}

/** The highest durable offset that a good frame of an open segment tells. */
function durableBytesOf(bytes: Buffer): number {
  const secret = secretOf(bytes);
  if (secret === undefined) return 0;
  let durable = 0;
  for (let at = preambleBytes; ; ) {
    const frame = frameAt(bytes, at, secret);
    if (frame === undefined) return durable;
    durable = Math.max(durable, frame.durable ?? 0);
    at = frame.end;
  }
}
