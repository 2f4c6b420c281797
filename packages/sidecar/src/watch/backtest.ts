/** What the detector would have said over a history, minute by minute, and what the usual rules would have. */
import { type Counts, countsOf, type MinuteRow, type Period } from './counts.ts';
import type { Evidence, Marker } from './evidence.ts';
import { isOver } from './life.ts';
import { markersOf } from './markers.ts';
import { type Crossing, createJudge, firstCrossing, type Watched } from './replay.ts';
import { type Episode, staticEpisodes, zEpisodes } from './rules.ts';
import { type DriftSettings, multiplesOf, recoveryThreshold, thresholdOf } from './settings.ts';

/** One key's history. */
export interface History {
  readonly environment: string;
  readonly tag: string;
  readonly model: string;
  readonly rows: readonly MinuteRow[];
  /** Epoch minutes of releases. */
  readonly releases: readonly number[];
  /** Epoch minutes at which somebody accepted the rate as the new normal. */
  readonly accepted: readonly number[];
  /** Epoch minutes at which the rate did change, as far as somebody knows. */
  readonly changes: readonly number[];
}

export interface BacktestAlarm {
  /** Epoch minutes. */
  readonly firedAt: number;
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
  const multiples = multiplesOf(settings);
  const tolerance = 1 + settings.wobble;
  const plain = { pinnedUnits: 0, pinnedFallbacks: 0 };
  const alarms: BacktestAlarm[] = [];
  let left: Period[] = [];
  let monitorFrom = 0;
  let now = from;
  while (now <= until) {
    const accepted = history.accepted.filter((minute) => minute < now).at(-1);
    const nextAccepted = history.accepted.find((minute) => minute >= now) ?? Number.POSITIVE_INFINITY;
    const cut = accepted === undefined ? [] : [{ from: 0, to: Math.floor(accepted / 30) * 30 }];
    const watched: Watched = {
      counts: countsOf(history.rows, until, [...cut, ...left]),
      markers,
      monitorFrom: Math.max(monitorFrom, accepted ?? 0),
      ...plain,
      multiples,
      tolerance,
    };
    const found = firstCrossing(watched, threshold, now, Math.min(until, nextAccepted));
    if (!found) {
      if (nextAccepted > until) break;
      now = nextAccepted + 1;
      continue;
    }
    const began = found.evidence.beganAt ?? found.at;
    const closing = history.accepted.find((minute) => minute >= found.at);
    const over = closing === undefined ? recovery(history, found, began, settings, until) : undefined;
    const closedAt = closing ?? over;
    alarms.push({
      firedAt: found.at,
      closedAt,
      evidence: found.evidence,
      confirmedMultiple: createJudge(watched).confirmed(found.at, threshold),
    });
    if (closedAt === undefined) break;
    if (closing === undefined)
      left = [...left, { from: Math.floor(began / 30) * 30, to: Math.ceil(closedAt / 30) * 30 }];
    monitorFrom = closedAt;
    now = closedAt + 1;
  }
  return alarms;
}

/** The minute at which an incident is over, if it is before `until`. */
function recovery(
  history: History,
  { at, evidence }: Crossing,
  began: number,
  settings: DriftSettings,
  until: number,
): number | undefined {
  const incident: Counts = countsOf(
    history.rows.filter(({ minute }) => minute >= began),
    until,
  );
  const rateBefore = evidence.unitsBefore > 0 ? evidence.fallbacksBefore / evidence.unitsBefore : 0;
  return firstCrossing(
    {
      counts: incident,
      markers: [],
      monitorFrom: at,
      pinnedUnits: 0,
      pinnedFallbacks: 0,
      isIncident: true,
      multiples: multiplesOf(settings).map((multiple) => 1 / multiple),
      tolerance: 1 / (1 + settings.wobble),
    },
    recoveryThreshold,
    at + 1,
    until,
    (found) =>
      isOver(
        {
          alarm: 1,
          rate_before: found.unitsBefore > 0 ? found.fallbacksBefore / found.unitsBefore : null,
          rate_after: found.unitsAfter > 0 ? found.fallbacksAfter / found.unitsAfter : null,
        },
        { rate_before: rateBefore },
      ),
  )?.at;
}
