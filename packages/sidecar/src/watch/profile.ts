/**
 * What is normal for a key besides its rate: at which hours and on which weekdays fallbacks are likelier, and by how
 * much counts scatter more than chance. Learned on accepted history, so that a daily cycle or a bursty stream is not
 * news. In SQL: the `risks` and `dispersion` parts of packages/panels/sql/drift.sql.
 */
import { type Counts, historyStart } from './counts.ts';
import { minutesPerDay } from './settings.ts';

export interface Profile {
  /** Relative risk by hour of the UTC day, 24; 1 is the average. */
  readonly hours: Float64Array;
  /** Relative risk by weekday, Monday first, 7. */
  readonly weekdays: Float64Array;
  /** Variance of block counts over that of pure chance, at least 1, for blocks of `blockMinutes`. */
  readonly dispersion: readonly number[];
}

export const blockMinutes = [15, 60, 240, 1_440] as const;

/** Fallbacks' worth of belief in "no pattern": keeps a factor learned from few from mattering. */
const shrinkage = 5;
/** Blocks fewer than this say nothing of their scatter; the shorter blocks' is taken. */
const leastBlocks = 20;
/** Weekdays are told apart once each was seen twice. */
const daysForWeekdays = 14;

/**
 * Whole UTC days from that of the first count on that the profile is learned on: half of a young history; the first week while there is
 * no second; then all but the last week, so that a change that is just being found does not pass for normal.
 */
export function learnedDays(ageDays: number): number {
  if (ageDays >= 14) return ageDays - 7;
  if (ageDays >= 7) return 7;
  return Math.max(1, Math.floor(ageDays / 2));
}

export const unknownProfile: Profile = {
  hours: new Float64Array(24).fill(1),
  weekdays: new Float64Array(7).fill(1),
  dispersion: blockMinutes.map(() => 1),
};

/** @param now epoch minute; nothing from it on is looked at. */
export function learnProfile(counts: Counts, now: number): Profile {
  const first = historyStart(counts, now);
  const days = learnedDays(Math.floor((now - first) / minutesPerDay));
  const firstDay = Math.floor(first / minutesPerDay) * minutesPerDay;
  const quarters = quartersOf(counts, first, Math.min(firstDay + days * minutesPerDay, now));
  const { hours, weekdays, rate } = risks(quarters, days >= daysForWeekdays);
  if (rate === 0) return unknownProfile;
  return { hours, weekdays, dispersion: dispersion(quarters, hours, weekdays, rate) };
}

/** Counts by quarter hours, which hours, days and blocks are made of. */
interface Quarters {
  /** Quarter hours since the epoch. */
  readonly start: number;
  readonly units: Float64Array;
  readonly fallbacks: Float64Array;
}

const quarter = 15;

/** @param from epoch minute, as `to`, which is not in it. */
function quartersOf({ start, units, fallbacks }: Counts, from: number, to: number): Quarters {
  const begin = Math.floor(from / quarter);
  const length = Math.max(0, Math.ceil(to / quarter) - begin);
  const quarters = { start: begin, units: new Float64Array(length), fallbacks: new Float64Array(length) };
  for (let i = Math.max(from - start, 0); i < Math.min(to - start, units.length); i++) {
    const place = Math.floor((start + i) / quarter) - begin;
    quarters.units[place] = (quarters.units[place] as number) + (units[i] as number);
    quarters.fallbacks[place] = (quarters.fallbacks[place] as number) + (fallbacks[i] as number);
  }
  return quarters;
}

/** Hour of the week, Monday's first is 0; the first day of the epoch was a Thursday. */
export const slotOf = (minute: number): number => (Math.floor(minute / 60) + 3 * 24) % 168;

/** `rate` is fallbacks per exposure, 0 when there were none. */
function risks({ start, units, fallbacks }: Quarters, withWeekdays: boolean) {
  const n = new Float64Array(168);
  const k = new Float64Array(168);
  for (let i = 0; i < units.length; i++) {
    const slot = slotOf((start + i) * quarter);
    n[slot] = (n[slot] as number) + (units[i] as number);
    k[slot] = (k[slot] as number) + (fallbacks[i] as number);
  }
  const total = sum(n) > 0 ? sum(k) / sum(n) : 0;
  const over = (values: Float64Array, index: (slot: number) => boolean): number =>
    values.reduce((all, value, slot) => (index(slot) ? all + value : all), 0);
  const seen = Array.from({ length: 24 }, (_, hour) => over(k, (slot) => slot % 24 === hour));
  const expected = Array.from({ length: 24 }, (_, hour) => total * over(n, (slot) => slot % 24 === hour));
  // An hour is judged with half of its neighbours, since a day is smooth.
  const around = (values: readonly number[], part: number): number[] =>
    values.map(
      (value, hour) => value + part * (values[(hour + 23) % 24] as number) + part * (values[(hour + 1) % 24] as number),
    );
  const hours = believable(around(seen, 0.5), around(expected, 0.5), around(expected, 0.25));
  const ofDay = (weekday: number) => (slot: number) => Math.floor(slot / 24) === weekday;
  const seenOfDay = Array.from({ length: 7 }, (_, weekday) => over(k, ofDay(weekday)));
  const expectedOfDay = Array.from({ length: 7 }, (_, weekday) =>
    n.reduce(
      (all, value, slot) => (ofDay(weekday)(slot) ? all + total * value * (hours[slot % 24] as number) : all),
      0,
    ),
  );
  const weekdays = withWeekdays
    ? believable(seenOfDay, expectedOfDay, expectedOfDay)
    : Float64Array.from({ length: 7 }, () => 1);
  const exposure = n.reduce(
    (all, value, slot) => all + value * (hours[slot % 24] as number) * (weekdays[Math.floor(slot / 24)] as number),
    0,
  );
  return { hours, weekdays, rate: exposure > 0 ? sum(k) / exposure : 0 };
}

/**
 * Relative risks, drawn towards 1 by as much as their scatter is what chance makes of none (James and Stein): a pattern
 * that is not there is not learned, one that is there nearly whole.
 */
function believable(seen: readonly number[], expected: readonly number[], variance: readonly number[]): Float64Array {
  let scatter = 0;
  let slots = 0;
  seen.forEach((k, slot) => {
    const chance = variance[slot] as number;
    if (chance <= 0) return;
    slots++;
    scatter += (k - (expected[slot] as number)) ** 2 / chance;
  });
  const belief = scatter > slots ? 1 - slots / scatter : 0;
  return Float64Array.from(
    seen,
    (k, slot) => 1 + belief * ((k + shrinkage) / ((expected[slot] as number) + shrinkage) - 1),
  );
}

function dispersion(
  { start, units, fallbacks }: Quarters,
  hours: Float64Array,
  weekdays: Float64Array,
  rate: number,
): number[] {
  const expected = units.map((n, i) => {
    const slot = slotOf((start + i) * quarter);
    return rate * n * (hours[slot % 24] as number) * (weekdays[Math.floor(slot / 24)] as number);
  });
  let widest = 1;
  return blockMinutes.map((length) => {
    const many = length / quarter;
    let blocks = 0;
    let seen = 0;
    let squares = 0;
    let i = 0;
    while (i < units.length) {
      const next = Math.min(units.length, (Math.floor((start + i) / many) + 1) * many - start);
      let [e, n, k] = [0, 0, 0];
      for (; i < next; i++) {
        e += expected[i] as number;
        n += units[i] as number;
        k += fallbacks[i] as number;
      }
      if (n === 0 && k === 0) continue;
      blocks++;
      seen += k;
      squares += (k - e) ** 2;
    }
    if (blocks >= leastBlocks && seen > 0) widest = Math.max(widest, squares / (seen * Math.max(1 - rate, 0.2)));
    return widest;
  });
}

const sum = (values: Float64Array): number => values.reduce((all, value) => all + value, 0);
