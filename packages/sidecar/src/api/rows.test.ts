import { expect, test } from 'vitest';
import { together } from './rows.ts';

test('what comes while an insert is under way goes into the next one together, and each learns of its own', async () => {
  const batches: number[][] = [];
  const gates: { open: () => void; fail: (problem: Error) => void }[] = [];
  const insert = together((rows: readonly number[]) => {
    batches.push([...rows]);
    return new Promise<void>((open, fail) => gates.push({ open, fail }));
  });
  const first = insert([1]);
  const second = insert([2, 3]);
  const third = insert([4]);
  expect(batches).toEqual([[1]]);
  gates[0]?.open();
  await first;
  await expect.poll(() => batches).toEqual([[1], [2, 3, 4]]);
  gates[1]?.fail(new Error('away'));
  await expect(second).rejects.toThrow('away');
  await expect(third).rejects.toThrow('away');
  const fourth = insert([5]);
  gates[2]?.open();
  await fourth;
});
