import { expect, test } from 'vitest';
import { backtest, type History } from './backtest.ts';
import type { MinuteRow } from './counts.ts';
import { parseBuckets } from './histories.ts';
import { createJudge, firstCrossing, type Watched } from './replay.ts';
import { defaultSettings, multiplesOf } from './settings.ts';

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

/** Numbers that look like chance, the same at every run. */
function chance(): () => number {
  let state = 20_261_101;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each([
  { direction: 'rise', perMinute: 40, rate: 0.05, burst: 1 },
  { direction: 'rise', perMinute: 3, rate: 0.03, burst: 3 },
  { direction: 'fall', perMinute: 10, rate: 0.08, burst: 1 },
])('skipping minutes at which no alarm is possible changes nothing: $direction, $perMinute a minute', (world) => {
  const { direction, perMinute, rate, burst } = world;
  const isRise = direction === 'rise';
  const next = chance();
  const [units, fallbacks] = [new Float64Array(5 * day), new Float64Array(5 * day)];
  for (let i = 0; i < units.length; i++) {
    const p = (i < 4.4 * day ? rate : rate * (isRise ? 1.6 : 0.5)) / burst;
    for (let unit = 0; unit < 2 * perMinute; unit++) {
      if (next() < 0.5) continue;
      units[i] = (units[i] as number) + 1;
      if (next() < p) fallbacks[i] = (fallbacks[i] as number) + burst;
    }
  }
  const watched: Watched = {
    counts: { start, units, fallbacks },
    markers: [{ minute: start + 4 * day + 200, weight: 1_000 }],
    monitorFrom: 0,
    pinnedUnits: 0,
    pinnedFallbacks: 0,
    multiples: multiplesOf(defaultSettings).map((multiple) => (isRise ? multiple : 1 / multiple)),
    tolerance: isRise ? 1.1 : 1 / 1.1,
  };
  const [from, until] = [start + 4 * day, start + 5 * day - 1];
  const judge = createJudge(watched);
  const evidence = Array.from({ length: until - from + 1 }, (_, i) => judge.evidence(from + i).minutes);
  const most = Math.max(...evidence);
  for (const threshold of [20, 200, 2_000, 20_000, most, most * 1.01]) {
    const first = evidence.findIndex((minutes) => minutes >= threshold);
    expect(firstCrossing(watched, threshold, from, until)?.at, `${threshold} of ${most}`).toBe(
      first < 0 ? undefined : from + first,
    );
  }
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
