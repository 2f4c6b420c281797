import { expect, test } from 'vitest';
import { rowsOf, together } from './scores.ts';

const call = {
  id: 'b'.repeat(16),
  traceId: 'a'.repeat(32),
  tag: 'critique-draft',
  tier: 'small',
  model: 'm',
  sessionId: 's',
  startedAt: 1_795_310_500_438.5,
};

test('a score takes the facts of its call along, with times to the microsecond', () => {
  const [row] = rowsOf({ scores: [{ call, name: 'helpful', value: 0.8, by: 'judge', at: 1_795_310_600_000 }] });
  expect(row).toMatchObject({
    tag: 'critique-draft',
    call_id: call.id,
    value: 0.8,
    scorer: 'judge',
    call_started_at: '1795310500.438500',
    scored_at: '1795310600.000000',
  });
});

test('an unknown value is null, never 0', () => {
  expect(rowsOf({ scores: [{ call, name: 'helpful', label: 'good', at: 1 }] })[0]).toMatchObject({
    value: null,
    label: 'good',
  });
});

test('every field that is wrong is named', () => {
  expect(() => rowsOf({ scores: [{ call: { ...call, id: '' }, value: 'high', at: 'now' }] })).toThrow(
    'scores[0].call.id: expected a text that is not empty; scores[0].name: expected a text that is not empty; scores[0].value: expected a number; scores[0].at: expected epoch milliseconds',
  );
  expect(() => rowsOf([])).toThrow('expected {"scores": [ … ]}');
});

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
