import { expect, test } from 'vitest';
import { twoSidedNormal } from './normal.ts';

// Python 3.11: math.erfc(z / math.sqrt(2)).
test.each([
  [0, 1],
  [0.5, 0.6170750774519738],
  [1, 0.31731050786291415],
  [1.959963984540054, 0.05],
  [1.9999, 0.045511063169534384],
  [2, 0.04550026389635844],
  [3, 0.0026997960632601866],
  [5, 5.733031437583878e-7],
  [8.68, 3.9576882335744354e-18],
  [37, 1.1451142445050278e-299],
  [40, 0],
])('%f standard deviations: %f', (z, p) => {
  expect(twoSidedNormal(z)).toBeGreaterThanOrEqual(p * (1 - 1e-9));
  expect(twoSidedNormal(z)).toBeLessThanOrEqual(p * (1 + 1e-9));
});

test('falls without a step, also where series and fraction meet', () => {
  let before = 1;
  for (let z = 0.001; z < 12; z += 0.001) {
    const p = twoSidedNormal(z);
    expect(p).toBeLessThan(before);
    before = p;
  }
});
