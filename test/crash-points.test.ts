import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { crash } from './support/chaos.ts';

const program = fileURLToPath(new URL('./support/crashing-weir.ts', import.meta.url));

const steps = ['create', 'commit', 'seal', 'put', 'manifest', 'delete', 'sync-directory'];
/** Of segments whose files are used again. */
const reuse = ['keep', 'use-again', 'truncate'];
const points = [...steps, ...reuse].flatMap((step) => [`${step}:before`, `${step}:after`]);

// Every promise about what was answered 202 must survive a death at each of these steps. Which time
// it comes is chosen so that the server has taken and delivered something by then.
test.each(points)('nothing is lost or doubled when the server dies at %s', async (point) => {
  const nth = point.startsWith('commit') ? '40' : '5';
  const { acknowledged, ...books } = await crash(program, {
    WEIR_TEST_CRASH: point,
    WEIR_TEST_CRASH_NTH: nth,
    // Small, so that they are full before they are old: then their files are worth it.
    ...(reuse.includes(point.split(':')[0] as string) ? { WEIR_SEGMENT_BYTES: '2048' } : {}),
  });
  expect(acknowledged).toBeGreaterThan(0);
  expect(books).toMatchObject({ lost: [], doubled: [], unwanted: [], ledgerDifference: 0 });
  expect(books.verify).toMatchObject({ code: 0 });
});
