import { expect, test } from 'vitest';
import { jeffreys } from './jeffreys.ts';

// Quantiles of Beta(k + 1/2, n - k + 1/2), integrated numerically.
test.each([
  [0, 10, 0, 0.217196],
  [1, 10, 0.0110118, 0.381314],
  [28, 358, 0.0537583, 0.109447],
  [10, 10, 0.782804, 1],
])('%d of %d', (count, of, low, high) => {
  const interval = jeffreys(count, of);
  expect(interval.low).toBeCloseTo(low, 5);
  expect(interval.high).toBeCloseTo(high, 5);
});

test('of a million and of a fraction it still lies around the share', () => {
  for (const [count, of] of [
    [20_000, 1_000_000],
    [0.4, 20.5],
  ] as const) {
    const { low, high } = jeffreys(count, of);
    expect(low).toBeLessThan(count / of);
    expect(high).toBeGreaterThan(count / of);
    expect(high - low).toBeLessThan(4 / Math.sqrt(of));
  }
});
