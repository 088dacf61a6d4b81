import { seededRandom } from '@weir/core/world/random';
import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { testOptions } from '../spool/spool-examples.ts';
import { Machine } from './schedule-machine.model.ts';
import { ScheduleSenders } from './schedule-senders.model.ts';
import { ScheduleServer } from './schedule-server.model.ts';
import { brokenConnection, fair, type Weather } from './weather.model.ts';

const weather: Weather = { ...fair, latencyMs: 50, latencyP99Ms: 60 };
const gone: Weather = { ...weather, refusal: () => brokenConnection() };
const maxWorkers = 2;

/** A server that takes 20 messages a second, and what becomes of its segments. */
async function setUp() {
  const machine = new Machine(
    new VirtualWorld({ seed: 1 }),
    {
      spool: {
        ...testOptions,
        directory: '/spool',
        bounds: { maxRequests: 100_000, maxBytes: 100_000_000, minFreeBytes: 0 },
        rules: { bytes: 1_000_000, events: 10_000, ageMs: 500 },
      },
      maxWorkers,
      maxConcurrency: 32,
      attemptMs: 10_000,
      clockAheadMs: 0,
      unlinkFails: 0,
    },
    undefined,
  );
  machine.bucket.weather = weather;
  const server = new ScheduleServer(machine);
  await machine.until(10_000, () => server.state === 'up');
  const senders = new ScheduleSenders(seededRandom(1), false);
  const send = async (seconds: number) => {
    for (let i = 0; i < 20 * seconds; i += 1) {
      senders.send(server);
      await machine.pass(50);
    }
  };
  const manifests = () =>
    machine.bucket.created.flatMap(({ key, atMs }) => {
      const found = /^_manifests\/\w+\/(\d+)\.json$/.exec(key);
      return found === null ? [] : [{ segment: Number(found[1]), atMs }];
    });
  return { machine, server, senders, send, manifests };
}

test('after an outage the backlog goes first and at full speed, while events are taken', async () => {
  const { machine, server, senders, send, manifests } = await setUp();
  await send(10);
  machine.bucket.weather = gone;
  await send(120);
  const mendedAtMs = machine.world.now();
  const backlog = server.spool?.status().segments ?? 0;
  expect(backlog).toBeGreaterThan(200);
  machine.bucket.weather = weather;
  const before = manifests().length;
  await send(60);

  // What was sent at any time was taken at once: nobody waited for the store.
  expect(senders.refusals).toBe(0);
  expect(senders.count('acked')).toBe(senders.messages.length);

  // Two workers, each a PUT of 50 ms for the object and another for the manifest.
  const delivered = manifests().slice(before, before + backlog);
  const [first, last] = [delivered[0], delivered.at(-1)];
  expect((first?.atMs ?? Infinity) - mendedAtMs).toBeLessThan(10_500); // the longest pause of a probe
  const tookMs = (last?.atMs ?? Infinity) - (first?.atMs ?? 0);
  const fastestMs = (2 * 50 * backlog) / maxWorkers;
  expect(tookMs).toBeLessThan(1.1 * fastestMs);

  // The oldest first: none is more places off than there are workers.
  const order = delivered.map(({ segment }) => segment);
  for (const [i, segment] of order.entries()) {
    expect(Math.abs(segment - (order[0] as number) - i)).toBeLessThanOrEqual(maxWorkers);
  }
}, 120_000);
