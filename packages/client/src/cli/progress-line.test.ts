import { expect, test } from 'vitest';
import { progressText } from './progress-line.ts';

const half = {
  sent: 12_000,
  rejected: 0,
  limited: 0,
  bytes: 50,
  totalBytes: 100,
  trouble: undefined,
};

test('the line says what was sent, how fast, and how long it will take', () => {
  expect(progressText(half, 3)).toBe('12,000 sent · 4,000/s · 50 % · 3 s left');
});

test('it names rejections, refusals and trouble where there are any, and no share of an unknown size', () => {
  const troubled = {
    ...half,
    rejected: 2,
    limited: 1,
    totalBytes: undefined,
    trouble: 'no_answer',
  };
  expect(progressText(troubled, 3)).toBe(
    '12,000 sent · 4,000/s · 2 rejected · 1 × 429 · no_answer',
  );
});
