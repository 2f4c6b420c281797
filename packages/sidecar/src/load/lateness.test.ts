import { expect, test } from 'vitest';
import { sorted } from './lateness.ts';

const day = 86_400;
const today = 20_000;
/** Spans received today that began on these days. */
const on = (...days: number[]) =>
  sorted(
    days,
    days.map((each) => (today - each) * day),
  );

test('spans of a few days are one insert, also when some are years old', () => {
  expect(on(today, today - 1, today - 399)).toBeUndefined();
  expect(on(today, 17_879, 0)).toBeUndefined();
});

test('what begins more than a day after its arrival is diverted, whatever else is there', () => {
  expect(on(today, today + 2, today + 1)).toEqual({
    inserts: [{ name: 'days-222', spans: [0, 2] }],
    diverted: new Map([['future', [1]]]),
  });
});

test('random times do not make a partition each: many old days are diverted, the others loaded', () => {
  const old = Array.from({ length: 200 }, (_, index) => index * 7);
  const result = on(today, ...old, today - 2);
  expect(result?.diverted.get('late')).toHaveLength(200);
  expect(result?.inserts.flatMap(({ spans }) => spans)).toEqual([0, 201]);
});

test('a long history is cut by calendar, so that no insert touches a hundred days', () => {
  const history = Array.from({ length: 365 }, (_, index) => today - index);
  const result = on(...history);
  expect(result?.diverted.size).toBe(0);
  expect(result?.inserts.flatMap(({ spans }) => spans).sort((a, b) => a - b)).toEqual(history.map((_, index) => index));
  for (const { spans } of result?.inserts ?? []) expect(spans.length).toBeLessThanOrEqual(90);
});
