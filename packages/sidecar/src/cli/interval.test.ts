import { expect, test } from 'vitest';
import { deltaOf, ratioOf, sampleRatioP, shareOf } from './interval.ts';

test('a share has Wilson’s interval, and none of nothing', () => {
  const { share, low, high } = shareOf(8, 100);
  expect(share).toBe(0.08);
  expect(low).toBeCloseTo(0.0411, 4);
  expect(high).toBeCloseTo(0.15, 3);
  expect(shareOf(0, 10).low).toBe(0);
  expect(shareOf(0, 10).high).toBeCloseTo(0.2775, 4);
  expect(shareOf(0, 0)).toEqual({ share: null, low: null, high: null, count: 0, of: 0 });
});

test.each([
  [[500, 500], [1, 1], 1],
  [[600, 400], [1, 1], 2.54e-10],
  [[510, 490], [1, 1], 0.527],
  [[750, 250], [3, 1], 1],
  [[340, 330, 330], [1, 1, 1], 0.905],
  [[10, 0], [0, 1], 0],
  [[100], [1], 1],
])('a split of %j for shares of %j has p %d', (units, shares, p) => {
  expect(sampleRatioP(units, shares)).toBeCloseTo(p, p > 0.01 ? 3 : 11);
});

test('a mean per call over units of one call is the mean, with the variance of the mean', () => {
  const values = [1, 2, 3, 4, 10];
  const sums = [5, 20, 5, values.reduce((sum, each) => sum + each * each, 0), 20] as const;
  const sample = values.reduce((sum, each) => sum + (each - 4) ** 2, 0) / 4;
  const { mean, variance } = ratioOf(sums, 5);
  expect(mean).toBe(4);
  expect(variance).toBeCloseTo(sample / 5, 12);
});

test('calls of a session that are all alike count as one', () => {
  // Two sessions of 50 equal calls: as much known as two calls, not as a hundred.
  const { mean, variance } = ratioOf([100, 150, 5_000, 50 ** 2 + 100 ** 2, 50 * 50 + 50 * 100], 2);
  expect(mean).toBe(1.5);
  expect(variance).toBeCloseTo(0.25, 12);
  expect(deltaOf({ mean: 1, variance: 0 }, { mean: 1.5, variance: 0.25 })).toEqual({
    delta: 0.5,
    low: expect.closeTo(-0.48, 2),
    high: expect.closeTo(1.48, 2),
  });
});
