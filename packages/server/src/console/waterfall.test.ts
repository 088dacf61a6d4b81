import { expect, test } from 'vitest';
import { barsOf } from './waterfall.ts';

const child = (spanID: string) => [{ refType: 'CHILD_OF', traceID: 't', spanID }];
const processes = { p: { serviceName: 'weir' } };

function spanOf(spanID: string, changes: object) {
  return { spanID, operationName: spanID, startTime: 0, duration: 10, processID: 'p', ...changes };
}

test('children stand below their parents, in the order of time', () => {
  const bars = barsOf({
    processes,
    spans: [
      spanOf('late', { startTime: 3_000, references: child('root') }),
      spanOf('inner', { startTime: 2_500, references: child('early') }),
      spanOf('early', { startTime: 2_000, duration: 1_500, references: child('root') }),
      spanOf('root', { startTime: 1_000, references: child('elsewhere') }),
    ],
  });
  expect(bars.map(({ name, depth, startMs }) => [name, depth, startMs])).toEqual([
    ['root', 0, 0],
    ['early', 1, 1],
    ['inner', 2, 1.5],
    ['late', 1, 2],
  ]);
  expect(bars[1]?.tookMs).toBe(1.5);
});

test('of attributes only ours are shown', () => {
  const tags = [
    { key: 'weir.tenant', value: 'acme' },
    { key: 'http.request.header.authorization', value: 'secret' },
    { key: 'error', value: true },
  ];
  const [bar] = barsOf({ processes, spans: [spanOf('a', { tags })] });
  expect(bar).toMatchObject({ facts: { 'weir.tenant': 'acme' }, failed: true });
  expect(JSON.stringify(bar)).not.toContain('secret');
});

test('a trace that bites its tail still ends, and a huge one is cut', () => {
  const circle = [
    spanOf('root', {}),
    spanOf('a', { references: child('b') }),
    spanOf('b', { references: child('a') }),
  ];
  expect(barsOf({ processes, spans: circle })).toHaveLength(1);
  const many = Array.from({ length: 1_000 }, (_, i) => spanOf(`s${i}`, {}));
  expect(barsOf({ processes, spans: many })).toHaveLength(200);
});
