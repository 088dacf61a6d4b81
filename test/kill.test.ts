import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { chaos } from './support/chaos.ts';

// In CI a short run; the whole one is `npm run chaos -- --kills 200`, with and without `--faults`.
const kills = Number(process.env.WEIR_TEST_KILLS ?? 25);
const faulty = fileURLToPath(new URL('./support/faulty-weir.ts', import.meta.url));

test(`what was answered 202 is stored exactly once, though the server is killed ${kills} times`, async () => {
  const { acknowledged, ...books } = await chaos({ kills });
  expect(acknowledged).toBeGreaterThan(kills);
  expect(books).toMatchObject({ lost: [], doubled: [], unwanted: [], ledgerDifference: 0 });
  expect(books.verify).toMatchObject({ code: 0 });
});

test(`the same with a store that fails or is slow half of the time`, async () => {
  const { acknowledged, ...books } = await chaos({ kills: Math.ceil(kills / 2), program: faulty });
  expect(acknowledged).toBeGreaterThan(kills);
  expect(books).toMatchObject({ lost: [], doubled: [], unwanted: [], ledgerDifference: 0 });
  expect(books.verify).toMatchObject({ code: 0 });
});
