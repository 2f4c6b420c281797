import { expect, test } from 'vitest';
import { isolate, type Run } from './isolate.ts';

/** An engine that refuses every run with one of these records in it. */
const engine = (bad: readonly number[]) => {
  const stored: number[] = [];
  let tries = 0;
  return {
    stored,
    tries: () => tries,
    insert: async ({ from, to }: Run) => {
      tries++;
      if (bad.some((each) => each >= from && each < to)) return new Error('refused');
      for (let record = from; record < to; record++) stored.push(record);
      return undefined;
    },
  };
};

test.each([[[0]], [[999]], [[17, 18, 19]], [[3, 500, 998]]])(
  'of a thousand records %j alone are set aside, in about ten tries each',
  async (bad) => {
    const { insert, stored, tries } = engine(bad);
    const { taken, refused } = await isolate({ from: 0, to: 1_000 }, insert, new Error('refused'));
    expect(taken).toBe(1_000 - bad.length);
    expect(refused.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index))).toEqual(
      bad,
    );
    expect(stored).toHaveLength(1_000 - bad.length);
    expect(tries()).toBeLessThanOrEqual(20 * bad.length);
  },
);

test('neighbours are one run; with everything bad it gives up looking and sets aside what is left', async () => {
  const all = Array.from({ length: 1_000 }, (_, index) => index);
  const { insert, tries } = engine(all);
  const { taken, refused } = await isolate({ from: 0, to: 1_000 }, insert, new Error('refused'), { patience: 16 });
  expect(taken).toBe(0);
  expect(refused).toEqual([{ from: 0, to: 1_000, because: expect.any(Error) }]);
  expect(tries()).toBeLessThan(64);
});
