/** What a user says about drift, in three sentences, and the numbers that follow from it. */
import type { DriftParameters } from '@routescope/panels';

export const minutesPerDay = 1_440;
const minutesPerWeek = 10_080;

/** Alert me about a doubling; at most one false alarm per tag a month, and one a week in all; ignore wobble below 10 %. */
export interface DriftSettings {
  /** Multiple of the earlier rate that the alarm is tuned to; others are found too, later. @default 2 */
  readonly multiple: number;
  /** Least mean time between two false alarms of one tag, weeks. @default 4 */
  readonly weeksPerTag: number;
  /** The same over all tags together, weeks; 0: no such limit. @default 1 */
  readonly weeksInAll: number;
  /** Rises below this share of the earlier rate are no news. @default 0.1 */
  readonly wobble: number;
}

export const defaultSettings: DriftSettings = { multiple: 2, weeksPerTag: 4, weeksInAll: 1, wobble: 0.1 };

/** How far back counts are looked at, minutes. */
export const lookback = 28 * minutesPerDay;

/** Share of the alarm threshold that a release marker gets as weight, on top of its minute's own. */
export const markerShare = 0.05;

/** Markers within a week share what this many get: a team that deploys hourly must not buy false alarms with it. */
export const fullMarkersPerWeek = 2;

/** Multiples whose evidence is averaged: around the one the user asked for. */
export const multiplesOf = (settings: DriftSettings): readonly number[] =>
  [0.8, 1.25, 2, 4].map((factor) => factor * settings.multiple);

/**
 * Alarm threshold of a tag, minutes: half the promised time between false alarms.
 * @param share the tag's part in everything that is watched, 0 to 1: it may use that part of the weekly limit.
 */
export function thresholdOf(settings: DriftSettings, share: number): number {
  const alone = settings.weeksPerTag * minutesPerWeek;
  const inAll = share > 0 ? (settings.weeksInAll * minutesPerWeek) / share : 0;
  return Math.max(alone, inAll) / 2;
}

/** @throws RangeError that says which sentence makes no sense. */
export function checkSettings(settings: DriftSettings): DriftSettings {
  const { multiple, weeksPerTag, weeksInAll, wobble } = settings;
  if (!(multiple >= 1.5 && multiple <= 10)) throw new RangeError(`multiple ${multiple}: expected 1.5 to 10`);
  if (!(weeksPerTag > 0)) throw new RangeError(`weeksPerTag ${weeksPerTag}: expected a number above 0`);
  if (!(weeksInAll >= 0)) throw new RangeError(`weeksInAll ${weeksInAll}: expected a number from 0`);
  if (!(wobble >= 0 && wobble < 0.8 * multiple - 1))
    throw new RangeError(
      `wobble ${wobble}: expected 0 to ${(0.8 * multiple - 1).toFixed(2)}, below the smallest multiple looked for`,
    );
  return settings;
}

/** The settings as the SQL takes them. */
export const parametersOf = (settings: DriftSettings, signal = 'fallback'): DriftParameters => ({
  signal,
  multiple: settings.multiple,
  wobble: settings.wobble,
  weeks_per_tag: settings.weeksPerTag,
  weeks_in_all: settings.weeksInAll,
  marker_share: markerShare,
  markers_per_week: fullMarkersPerWeek,
});
