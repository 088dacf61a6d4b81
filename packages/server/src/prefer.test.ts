import fc from 'fast-check';
import { expect, test } from 'vitest';
import { preferredWait } from './prefer.ts';

test.each([
  ['wait=10', 10],
  ['wait=0', 0],
  ['WAIT = 10', 10],
  ['wait="10"', 10],
  ['wait=10; strict', 10],
  ['respond-async, wait=10', 10],
  ['respond-async;x="a,wait=3", wait=10', 10],
  ['handling=lenient; a="\\",wait=3", wait=10', 10],
  ['wait=007', 7],
])('%s asks for %i seconds', (prefer, seconds) => {
  expect(preferredWait(prefer, 60)).toBe(seconds);
});

test('nobody is waited for longer than the server allows', () => {
  expect(preferredWait('wait=61', 60)).toBe(60);
  expect(preferredWait('wait=999999999999999', 60)).toBe(60);
});

test('where wait is given twice the first counts', () => {
  expect(preferredWait('wait=3, wait=10', 60)).toBe(3);
  expect(preferredWait('wait=soon, wait=10', 60)).toBeUndefined();
});

test.each([
  undefined,
  '',
  ',',
  'wait',
  'wait=',
  'wait=-1',
  'wait=1.5',
  'wait=1e3',
  'wait=ten',
  'wait=1 0',
  'wait=9999999999999999',
  'waiting=10',
  'x-wait=10',
  '"wait=10"',
  'respond-async; wait=10',
  'note="wait=10',
])('%s is no wish that could be understood, and is ignored', (prefer) => {
  expect(preferredWait(prefer, 60)).toBeUndefined();
});

test('any header at all is an answer between 0 and the most, or none', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[wait=0-9";, \\]{0,40}$/));
  fc.assert(
    fc.property(text, fc.nat(600), (prefer, mostSeconds) => {
      const seconds = preferredWait(prefer, mostSeconds) ?? 0;
      return Number.isInteger(seconds) && seconds >= 0 && seconds <= mostSeconds;
    }),
  );
});
