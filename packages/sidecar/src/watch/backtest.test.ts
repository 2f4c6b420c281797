import { expect, test } from 'vitest';
import { backtest, type History } from './backtest.ts';
import type { MinuteRow } from './counts.ts';
import { parseBuckets } from './histories.ts';
import { firstCrossing } from './replay.ts';
import { defaultSettings, multiplesOf, thresholdOf } from './settings.ts';

const start = 29_000_160;
const day = 1_440;

/** Ten units a minute, evenly spread fallbacks at the rate of the minute. */
function rows(minutes: number, rateAt: (i: number) => number): MinuteRow[] {
  let due = 0;
  return Array.from({ length: minutes }, (_, i) => {
    const before = Math.floor(due);
    due += 10 * rateAt(i);
    return { minute: start + i, units: 10, fallbacks: Math.floor(due) - before };
  });
}
const history = (given: readonly MinuteRow[]): History => ({
  environment: '',
  tag: 't',
  model: 'm',
  rows: given,
  releases: [],
  accepted: [],
  pins: [],
  silences: [],
  changes: [],
});
const changedAt = 8 * day + 100;
const options = {
  settings: defaultSettings,
  share: 1,
  from: start + 7 * day,
  until: start + 14 * day,
  staticLimit: 0.05,
};
const incident = (i: number): number => (i >= changedAt && i < changedAt + day ? 0.08 : 0.02);

test('an incident is found within minutes, with its beginning, and closed when it is over', () => {
  const { drift } = backtest(history(rows(14 * day, incident)), options);
  expect(drift).toHaveLength(1);
  const [alarm] = drift;
  expect((alarm?.firedAt ?? 0) - start - changedAt).toBeLessThan(30);
  expect(Math.abs((alarm?.evidence.beganAt ?? 0) - start - changedAt)).toBeLessThan(10);
  expect(alarm?.confirmedMultiple).toBeLessThan(4);
  const closed = (alarm?.closedAt ?? 0) - start - changedAt - day;
  expect(closed).toBeGreaterThan(0);
  expect(closed).toBeLessThan(120);
});

test('it uses nothing later than the minute it judges: rows added after it change no verdict', () => {
  const all = rows(14 * day, incident);
  const firedAt = backtest(history(all), options).drift[0]?.firedAt as number;
  const until = (minute: number): History => history(all.filter((row) => row.minute < minute));
  expect(backtest(until(firedAt), { ...options, until: firedAt }).drift[0]?.firedAt).toBe(firedAt);
  expect(backtest(until(firedAt - 1), { ...options, until: firedAt - 1 }).drift).toEqual([]);
  const other = [
    ...all.filter(({ minute }) => minute < firedAt),
    ...rows(14 * day, () => 0.5).filter(({ minute }) => minute >= firedAt),
  ];
  const { drift, z } = backtest(history(other), options);
  expect(drift[0]).toMatchObject({ firedAt, evidence: backtest(history(all), options).drift[0]?.evidence });
  expect(z[0]?.from).toBe(backtest(history(all), options).z[0]?.from);
});

test('skipping minutes at which no alarm is possible changes nothing', () => {
  const given = rows(9 * day, (i) => (i >= changedAt ? 0.05 : 0.02));
  const counts = {
    start,
    units: Float64Array.from(given, ({ units }) => units),
    fallbacks: Float64Array.from(given, ({ fallbacks }) => fallbacks),
  };
  const watched = {
    counts,
    markers: [],
    monitorFrom: 0,
    pinnedUnits: 0,
    pinnedFallbacks: 0,
    multiples: multiplesOf(defaultSettings),
    tolerance: 1.1,
  };
  const threshold = thresholdOf(defaultSettings, 1);
  const skipping = firstCrossing(watched, threshold, start + 8 * day, start + 9 * day)?.at as number;
  for (let now = skipping - 60; now < skipping; now++)
    expect(firstCrossing(watched, threshold, now, now)).toBeUndefined();
  expect(firstCrossing(watched, threshold, skipping, skipping)?.at).toBe(skipping);
});

test('an accepted rate is the new normal', () => {
  const given = history(rows(14 * day, (i) => (i >= changedAt ? 0.08 : 0.02)));
  const acceptedAt = start + changedAt + 600;
  const { drift } = backtest({ ...given, accepted: [{ at: acceptedAt }] }, options);
  expect(drift.map(({ closedAt }) => closedAt)).toEqual([acceptedAt]);
});

test('a file of buckets says which line is wrong', () => {
  expect(() =>
    parseBuckets('{"tag":"a","minute":"2026-11-01T00:00:00Z","units":3,"fallbacks":1}\n{"minute":1}', 'f'),
  ).toThrow('f, line 2: expected a "tag"');
  expect(parseBuckets('{"tag":"a","minute":"1970-01-01T02:00:30Z","units":3,"fallbacks":1}', 'f')[0]?.rows).toEqual([
    { minute: 120, units: 3, fallbacks: 1 },
  ]);
});
