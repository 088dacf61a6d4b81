import { VirtualWorld } from '@weir/core/world/virtual';
import { expect, test } from 'vitest';
import { mostWantedASecond, TraceLots, withoutSampling } from './trace-lots.ts';

const sampled = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const unsampled = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;

function setUp({ ratio = 0, onRequest = false } = {}) {
  const world = new VirtualWorld({ seed: 1 });
  return { world, lots: new TraceLots(world, { ratio, onRequest }) };
}

test('without a parent the lot is drawn, in the ratio that was set', () => {
  const { lots } = setUp({ ratio: 0.01 });
  for (let i = 0; i < 100_000; i += 1) lots.draw({});
  expect(lots.started).toBeGreaterThan(850);
  expect(lots.started).toBeLessThan(1_150);
});

test('at nothing and at everything there is no chance in it', () => {
  const { lots: none } = setUp({ ratio: 0 });
  const { lots: all } = setUp({ ratio: 1 });
  for (let i = 0; i < 1_000; i += 1) {
    expect(none.draw({})).toBe('untraced');
    expect(all.draw({})).toBe('traced');
  }
});

test('a parent decides, whatever the ratio', () => {
  const { lots: none } = setUp({ ratio: 0 });
  const { lots: all } = setUp({ ratio: 1 });
  expect(none.draw({ traceparent: sampled })).toBe('traced');
  expect(all.draw({ traceparent: unsampled })).toBe('untraced');
});

test('what is no trace context decides nothing', () => {
  const { lots } = setUp({ ratio: 1 });
  for (const traceparent of ['', 'x', `${sampled}-more`, sampled.toUpperCase()]) {
    expect(lots.draw({ traceparent })).toBe('traced');
  }
  expect(lots.draw({ traceparent: [sampled, unsampled] })).toBe('traced');
});

test('a second has room for a hundred that want a trace; the rest is counted', () => {
  const { world, lots } = setUp();
  for (let i = 0; i < mostWantedASecond; i += 1) {
    expect(lots.draw({ traceparent: sampled })).toBe('traced');
  }
  expect(lots.draw({ traceparent: sampled })).toBe('capped');
  world.advance(999);
  expect(lots.draw({ traceparent: sampled })).toBe('capped');
  world.advance(1);
  expect(lots.draw({ traceparent: sampled })).toBe('traced');
  expect([lots.started, lots.capped]).toEqual([101, 2]);
});

test('lots of our own do not use up the room of those who want a trace', () => {
  const { lots } = setUp({ ratio: 1 });
  for (let i = 0; i < 1_000; i += 1) lots.draw({});
  expect(lots.draw({ traceparent: sampled })).toBe('traced');
});

test('the header of operators counts only where it is granted, and has the same room', () => {
  const { lots: deaf } = setUp();
  expect(deaf.draw({ 'weir-trace': '1' })).toBe('untraced');
  const { lots } = setUp({ onRequest: true });
  expect(lots.draw({ 'weir-trace': '0' })).toBe('untraced');
  const asked = { 'weir-trace': '1', traceparent: unsampled };
  for (let i = 0; i < mostWantedASecond; i += 1) expect(lots.draw(asked)).toBe('traced');
  expect(lots.draw(asked)).toBe('capped');
});

test('a context loses its sampled flag and nothing else', () => {
  expect(withoutSampling(sampled)).toBe(unsampled);
  expect(withoutSampling(sampled.replace(/01$/, 'ff'))).toBe(sampled.replace(/01$/, 'fe'));
});
