/** Units and fallbacks of one key, minute by minute: all that the detector looks at. */

import { lookback } from './settings.ts';

/** Dense, one entry per minute. */
export interface Counts {
  /** Epoch minute of the first entry. */
  readonly start: number;
  /** Trials: sessions where there are sessions, calls otherwise. */
  readonly units: Float64Array;
  /** Units that needed a fallback. */
  readonly fallbacks: Float64Array;
}

export interface MinuteRow {
  /** Epoch minute. */
  readonly minute: number;
  readonly units: number;
  readonly fallbacks: number;
}

/** A period in epoch minutes, its end not in it. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/**
 * @param rows in any order; rows of one minute add up, as those of several replicas do.
 * @param end the minute after the last one; later rows are not looked at.
 * @param excluded periods that never enter a baseline: incidents that are over.
 */
export function countsOf(rows: Iterable<MinuteRow>, end: number, excluded: readonly Period[] = []): Counts {
  const kept = [...rows].filter(
    ({ minute }) => minute < end && !excluded.some((period) => minute >= period.from && minute < period.to),
  );
  const start = kept.reduce((least, { minute }) => Math.min(least, minute), end);
  const units = new Float64Array(end - start);
  const fallbacks = new Float64Array(end - start);
  for (const row of kept) {
    units[row.minute - start] = (units[row.minute - start] as number) + row.units;
    fallbacks[row.minute - start] = (fallbacks[row.minute - start] as number) + row.fallbacks;
  }
  return { start, units, fallbacks };
}

/** The half hour of the first count within the lookback before `now`; `now` when there is none. */
export function historyStart(counts: Counts, now: number): number {
  const begin = Math.max(lookbackStart(now), counts.start);
  const end = Math.min(now, counts.start + counts.units.length);
  for (let minute = begin; minute < end; minute++) {
    const i = minute - counts.start;
    if ((counts.units[i] as number) > 0 || (counts.fallbacks[i] as number) > 0) return Math.floor(minute / 30) * 30;
  }
  return now;
}

/** Epoch minute from which on counts are looked at, whole blocks of four hours. */
const lookbackStart = (now: number): number => Math.floor((now - lookback) / 240) * 240;

/** Sums: entry i holds everything before minute i. */
export function cumulative(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = (sums[i] as number) + (values[i] as number);
  return sums;
}

/** Fallbacks that pins may count for: more would make a baseline that nothing moves. */
const mostPinned = 5_000;

/** Pins together, drawn down to what they may count for. */
export function pinnedOf(pins: readonly { readonly units: number; readonly fallbacks: number }[]): {
  readonly pinnedUnits: number;
  readonly pinnedFallbacks: number;
} {
  const fallbacks = pins.reduce((all, pin) => all + pin.fallbacks, 0);
  const part = Math.min(1, mostPinned / Math.max(fallbacks, 1));
  return { pinnedUnits: part * pins.reduce((all, pin) => all + pin.units, 0), pinnedFallbacks: part * fallbacks };
}
