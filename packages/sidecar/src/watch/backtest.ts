/** What the detector would have said over a history, minute by minute, and what the usual rules would have. */
import { countsOf, type MinuteRow, type Period, pinnedOf } from './counts.ts';
import type { Evidence, Marker } from './evidence.ts';
import { isOver } from './life.ts';
import { markersOf } from './markers.ts';
import { type Crossing, createJudge, firstCrossing, type Watched } from './replay.ts';
import { type Episode, staticEpisodes, zEpisodes } from './rules.ts';
import { type DriftSettings, multiplesOf, thresholdOf } from './settings.ts';

/** One key's history. */
export interface History {
  readonly environment: string;
  readonly tag: string;
  readonly model: string;
  readonly rows: readonly MinuteRow[];
  readonly releases: readonly Release[];
  /** When somebody accepted the rate, and since when it is normal; left out: since the open alarm's change, else then. */
  readonly accepted: readonly { readonly at: number; readonly since?: number | undefined }[];
  /** When accepted history that is gone was pinned. */
  readonly pins: readonly { readonly at: number; readonly units: number; readonly fallbacks: number }[];
  /** When somebody silenced the key, and until when. */
  readonly silences: readonly { readonly at: number; readonly until: number }[];
  /** Epoch minutes at which the rate did change, as far as somebody knows. */
  readonly changes: readonly number[];
}

/** Epoch minutes; every decision counts from the minute it was made on. */
export interface Release {
  readonly at: number;
  /** The minute from which on it is none any more: a version that turned out to have hardly any calls. */
  readonly until?: number | undefined;
}

export interface BacktestAlarm {
  /** Epoch minutes. */
  readonly firedAt: number;
  /** When somebody would have been told: later than it fired if it was silenced; undefined when it was over by then. */
  readonly toldAt: number | undefined;
  readonly closedAt: number | undefined;
  readonly evidence: Evidence;
  readonly confirmedMultiple: number;
}

export interface BacktestOptions {
  readonly settings: DriftSettings;
  /** The key's part in what is watched, see `thresholdOf`. */
  readonly share: number;
  /** Epoch minutes between which alarms are looked for. */
  readonly from: number;
  readonly until: number;
  /** Of the rule with a fixed limit. */
  readonly staticLimit: number;
}

export interface Replayed {
  readonly drift: readonly BacktestAlarm[];
  readonly static: readonly Episode[];
  readonly z: readonly Episode[];
}

/** Nothing later than the minute that is judged is looked at. */
export function backtest(history: History, options: BacktestOptions): Replayed {
  const counts = countsOf(history.rows, options.until);
  return {
    drift: alarmsOf(history, options),
    static: staticEpisodes(counts, options.from, options.until, options.staticLimit),
    z: zEpisodes(counts, options.from, options.until),
  };
}

/** Alarms of rises, one after the other: none opens while one is open, and an incident that is over is left out. */
function alarmsOf(history: History, { settings, share, from, until }: BacktestOptions): BacktestAlarm[] {
  const threshold = thresholdOf(settings, share);
  const markers: readonly Marker[] = markersOf(history.releases, threshold);
  const accepted = [...history.accepted].sort((a, b) => a.at - b.at);
  const decisions = [...accepted, ...history.pins].map(({ at }) => at).sort((a, b) => a - b);
  const alarms: BacktestAlarm[] = [];
  let normalSince = 0;
  let left: Period[] = [];
  let monitorFrom = 0;
  let now = from;
  for (const { at, since = at } of accepted.filter(({ at }) => at < from)) [normalSince, monitorFrom] = [since, at];
  while (now <= until) {
    const cut = Math.floor(normalSince / 30) * 30;
    const watched: Watched = {
      counts: countsOf(history.rows, until, [{ from: 0, to: cut }, ...left]),
      markers,
      monitorFrom,
      ...pinnedAt(history.pins, cut, now),
      multiples: multiplesOf(settings),
      tolerance: 1 + settings.wobble,
    };
    // Until the next decision; with it the question is another one.
    const next = decisions.find((minute) => minute >= now) ?? until;
    const found = firstCrossing(watched, threshold, now, Math.min(until, next));
    const decided = accepted.find(({ at }) => at >= (found?.at ?? now));
    if (!found) {
      if (decided && decided.at === next) [normalSince, monitorFrom] = [decided.since ?? decided.at, decided.at];
      now = next + 1;
      continue;
    }
    const began = found.evidence.beganAt ?? found.at;
    const over = recovery(watched, threshold, found, began, Math.min(until, decided?.at ?? until));
    const closedAt = over ?? (decided && decided.at < until ? decided.at : undefined);
    alarms.push({
      firedAt: found.at,
      toldAt: toldAt(history.silences, found.at, closedAt),
      closedAt,
      evidence: found.evidence,
      confirmedMultiple: createJudge(watched).confirmed(found.at, threshold),
    });
    if (closedAt === undefined) break;
    if (over === undefined) normalSince = decided?.since ?? began;
    else left = [...left, { from: Math.floor(began / 30) * 30, to: Math.ceil(closedAt / 30) * 30 }];
    monitorFrom = closedAt;
    now = closedAt + 1;
  }
  return alarms;
}

/** Pins made before `now`, of the normal that holds since `cut`. */
function pinnedAt(
  pins: History['pins'],
  cut: number,
  now: number,
): { readonly pinnedUnits: number; readonly pinnedFallbacks: number } {
  const known = pins.filter(({ at }) => at < now && at >= cut);
  return pinnedOf(known);
}

/** When a message held back by silences comes out; undefined when the alarm is over by then. */
function toldAt(silences: History['silences'], firedAt: number, closedAt: number | undefined): number | undefined {
  let at = firedAt;
  for (;;) {
    const silence = silences.find((each) => each.at <= at && at < each.until);
    if (!silence) return closedAt !== undefined && closedAt <= at ? undefined : at;
    at = silence.until;
  }
}

/**
 * The minute at which an incident is over, if it is before `until`: the mirrored question, of what came since it began. A
 * false all-clear is to be as rare as a false alarm.
 */
function recovery(
  watched: Watched,
  threshold: number,
  { at, evidence }: Crossing,
  began: number,
  until: number,
): number | undefined {
  const rateOf = (units: number, fallbacks: number): number | null => (units > 0 ? fallbacks / units : null);
  const against = { rate_before: rateOf(evidence.unitsBefore, evidence.fallbacksBefore) };
  return firstCrossing(
    {
      counts: watched.counts,
      incidentFrom: began,
      monitorFrom: at,
      markers: [],
      pinnedUnits: 0,
      pinnedFallbacks: 0,
      multiples: watched.multiples.map((multiple) => 1 / multiple),
      tolerance: 1 / watched.tolerance,
    },
    threshold,
    at + 1,
    until,
    ({ unitsBefore, fallbacksBefore, unitsAfter, fallbacksAfter }) =>
      isOver(
        { alarm: 1, rate_before: rateOf(unitsBefore, fallbacksBefore), rate_after: rateOf(unitsAfter, fallbacksAfter) },
        against,
      ),
  )?.at;
}
