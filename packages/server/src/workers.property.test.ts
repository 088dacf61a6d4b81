import { VirtualWorld } from '@weir/core/world/virtual';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeliveryEvents } from './delivery/delivery-events.ts';
import { pack } from './delivery/pack.ts';
import { exampleBatch, exampleHeader, segmentOf } from './delivery/segment-of.ts';
import { type Finding, verify } from './reading/verify.ts';
import type { Spool } from './spool/spool.ts';
import { MemoryStore } from './store/memory.ts';
import { type Faults, SwitchableStore } from './store/switchable.ts';
import { type DeliveryDeps, deliver } from './workers.ts';

const tenants = ['a', 'b', 'c', 'd'] as const;
/** For each segment the tenants of its batches, as places in `tenants`. */
const segments = fc.array(fc.array(fc.nat(3), { maxLength: 6 }), { minLength: 1, maxLength: 4 });
const chance = fc.integer({ min: 0, max: 6 }).map((tenths) => tenths / 10);
/** A stretch of time in which the store misbehaves and at whose end every server dies. */
const life = fc.record({
  forMs: fc.integer({ min: 0, max: 5_000 }),
  trouble: chance,
  lostReply: chance,
  slowMs: fc.integer({ min: 0, max: 200 }),
  refused: fc.array(fc.constantFrom(...tenants, '_mixed'), { maxLength: 2 }),
});

test('whatever dies when, every event is stored exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(
      segments,
      fc.array(life, { maxLength: 4 }),
      fc.nat(),
      async (batches, lives, seed) => {
        const world = new VirtualWorld({ seed });
        const store = new SwitchableStore(new MemoryStore(), world);
        const held = heldSegments(batches);
        for (const { forMs, refused, ...faults } of lives) {
          const refuses = (key: string) =>
            refused.some((name) => key.startsWith(`tenant=${name}/`));
          await live({ world, store, held, faults: { ...faults, refuses } }, forMs);
        }
        await live({ world, store, held, faults: {} }, 600_000);
        expect([...held.keys()]).toEqual([]);
        expect(await check(store)).toEqual(expectedOf(batches));
      },
    ),
    { numRuns: 60 },
  );
});

/** What a disk holds: segments by number, until one was delivered. */
type Held = Map<number, Uint8Array>;

function heldSegments(batches: readonly (readonly number[])[]): Held {
  const made = batches.map((places, i) => {
    const header = { ...exampleHeader, segment: i + 1, maxObjects: 3 };
    const taken = places.map((place) => exampleBatch({ tenant: tenants[place] as string }));
    return [i + 1, segmentOf(taken, header)] as const;
  });
  return new Map(made);
}

interface Scene {
  readonly world: VirtualWorld;
  readonly store: SwitchableStore;
  readonly held: Held;
  readonly faults: Partial<Faults>;
}

/** Two servers that both believe these segments to be theirs, until they die. */
async function live({ world, store, held, faults }: Scene, forMs: number): Promise<void> {
  store.misbehave(faults);
  const death = new AbortController();
  const quiet: DeliveryEvents = { delivered() {}, retried() {}, dead() {}, alarm() {} };
  const deps = (spool: Pick<Spool, 'lease'>): DeliveryDeps => ({
    spool,
    packer: { pack: async (source) => pack('bytes' in source ? source.bytes : new Uint8Array()) },
    store,
    world,
    events: quiet,
    maxWorkers: 2,
    writesAtOnce: 3,
    backoff: { firstMs: 50, longestMs: 1_000 },
  });
  const servers = [
    deliver(deps(spoolOver(held)), death.signal),
    deliver(deps(spoolOver(held)), death.signal),
  ];
  await world.settleAll(world.now() + forMs);
  death.abort();
  await world.settleAll(world.now());
  await Promise.all(servers);
}

/** A server sees what is there when it starts; another may be at the same segments. */
function spoolOver(held: Held): Pick<Spool, 'lease'> {
  const waiting = [...held];
  return {
    lease: async () => {
      const next = waiting.shift();
      if (next === undefined) return undefined;
      const [segment, bytes] = next;
      return {
        writer: exampleHeader.writer,
        segment,
        source: { bytes },
        done: async () => {
          held.delete(segment);
        },
        release: () => {
          waiting.push(next);
        },
        quarantine: async () => {
          throw new Error('nothing is damaged here');
        },
      };
    },
  };
}

/** Events by tenant, stored or dead, and all that is wrong but letters, which hold what is dead. */
async function check(store: SwitchableStore) {
  const { signal } = new AbortController();
  const steps = verify({ store, spool: [] }, signal);
  const wrong: Finding[] = [];
  for (;;) {
    const step = await steps.next();
    if (step.done) {
      const rows = [...step.value.ledger].map(([tenant, { stored, dead }]) => [
        tenant,
        stored + dead,
      ]);
      return { wrong, events: Object.fromEntries(rows) as Record<string, number> };
    }
    if (step.value.kind !== 'letter') wrong.push(step.value);
  }
}

function expectedOf(batches: readonly (readonly number[])[]) {
  const events: Record<string, number> = {};
  for (const place of batches.flat()) {
    const tenant = tenants[place] as string;
    events[tenant] = (events[tenant] ?? 0) + 1;
  }
  return { wrong: [], events };
}
