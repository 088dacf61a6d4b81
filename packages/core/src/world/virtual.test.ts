import { expect, test } from 'vitest';
import { VirtualWorld } from './virtual.ts';

test('starts at 2026-01-01 and stands still until told to move', () => {
  const world = new VirtualWorld({ seed: 1 });

  expect(world.now()).toBe(0);
  expect(world.date()).toBe(Date.parse('2026-01-01T00:00:00Z'));
});

test('runs tasks when they are due, equal ones in the order they were asked for', () => {
  const world = new VirtualWorld({ seed: 1 });
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name}@${world.now()}`);
  world.after(20, note('late'));
  world.after(10, note('first'));
  world.after(10, note('second'));
  world.after(-5, note('at once'));

  world.advance(15);

  expect(ran).toEqual(['at once@0', 'first@10', 'second@10']);
  expect(world.now()).toBe(15);
  expect(world.date()).toBe(Date.parse('2026-01-01T00:00:00.015Z'));
});

test('a task may ask for another in the same instant', () => {
  const world = new VirtualWorld({ seed: 1 });
  let count = 0;
  const again = () => {
    count += 1;
    if (count < 5) world.after(0, again);
  };
  world.after(1, again);

  world.advance(1);

  expect(count).toBe(5);
});

test('what is cancelled never runs', () => {
  const world = new VirtualWorld({ seed: 1 });
  let ran = false;
  const cancel = world.after(5, () => {
    ran = true;
  });
  cancel();
  cancel();

  world.advance(10);

  expect(ran).toBe(false);
  expect(world.step()).toBe(false);
});

test('steps from one due task to the next', () => {
  const world = new VirtualWorld({ seed: 1 });
  world.after(3, () => undefined);

  expect(world.step(2)).toBe(false);
  expect(world.now()).toBe(0);
  expect(world.step()).toBe(true);
  expect(world.now()).toBe(3);
});

test('lets awaiting code run between tasks, and ends exactly where it was told', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const pause = (ms: number) => new Promise<void>((resolve) => world.after(ms, resolve));
  const seen: number[] = [];
  const loop = (async () => {
    for (let i = 0; i < 3; i += 1) {
      await pause(10);
      seen.push(world.now());
    }
  })();

  await world.settleAll(25);
  expect(seen).toEqual([10, 20]);
  expect(world.now()).toBe(25);

  await world.settleAll();
  await loop;
  expect(seen).toEqual([10, 20, 30]);
  expect(world.now()).toBe(30);
});

test('the same seed gives the same chance, handed on alone or not', () => {
  const draw = (seed: number) => {
    const { random, randomBytes } = new VirtualWorld({ seed });
    return [random(), random(), ...randomBytes(4)];
  };

  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test.each([Number.NaN, Infinity])('a task cannot wait %f ms', (delayMs) => {
  const world = new VirtualWorld({ seed: 1 });

  expect(() => world.after(delayMs, () => undefined)).toThrow(RangeError);
});

test('a stream is its own: what others draw changes nothing of it', () => {
  const quiet = new VirtualWorld({ seed: 3 }).stream('network');
  const world = new VirtualWorld({ seed: 3 });
  world.random();
  world.stream('client 1').uniform();

  expect(world.stream('network').uniform()).toBe(quiet.uniform());
});
