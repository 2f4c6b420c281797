/** Runs the detector, as it is shipped, on simulated streams. */
import {
  backtest,
  type Crossing,
  createJudge,
  defaultSettings,
  firstCrossing,
  markersOf,
  multiplesOf,
  pinnedOf,
  thresholdOf,
  type Watched,
} from '@routescope/sidecar/watch';
import { createRandom } from './random.ts';
import { type Change, stream, type World } from './worlds.ts';

const day = 1_440;
const fourWeeks = 28 * day;
/** Minutes from a session's first call to its last one, and more. */
const lateness = 60;
/** Epoch minute at which every stream begins: a Friday. */
const start = 20_500 * day - 3 * day;
const threshold = thresholdOf(defaultSettings, 1);

export interface Trial {
  readonly world: World;
  readonly seed: number;
  /** Days of history before what is judged. @default 7 */
  readonly history?: number;
  readonly change?: Omit<Change, 'at'>;
  /** A release marker this many minutes after the change; negative: before it. */
  readonly markerAfter?: number;
}

export interface Found {
  /** Minutes from the change to the alarm; from the end of the history when there is no change. */
  readonly delay: number;
  readonly crossing: Crossing;
  /** Whether the change lies in the 90 % set of beginnings. */
  readonly isCovered: boolean;
  /** The confirmed multiple a day after the alarm at the latest, and at it. */
  readonly confirmed: () => number;
}

const asRise = { multiples: multiplesOf(defaultSettings), tolerance: 1 + defaultSettings.wobble };

/** @returns the first alarm within four weeks of the change, or of the end of the history. */
export function run(trial: Trial): Found | undefined {
  // Most changes are found soon: the same stream is drawn on only when one is not.
  return (trial.change && within(trial, 2 * day)) ?? within(trial, fourWeeks);
}

function within({ world, seed, history = 7, change, markerAfter }: Trial, minutes: number): Found | undefined {
  const random = createRandom(seed);
  const judged = history * day;
  const at = change ? judged + random.next() * day : judged;
  const counts = stream(random, world, judged + day + minutes + lateness, start, change && { ...change, at });
  const watched: Watched = {
    counts,
    markers: markerAfter === undefined ? [] : markersOf([{ at: start + Math.floor(at + markerAfter) }], threshold),
    monitorFrom: 0,
    pinnedUnits: 0,
    pinnedFallbacks: 0,
    ...asRise,
  };
  const from = start + (change ? Math.floor(at) + 1 : judged);
  const crossing = firstCrossing(watched, threshold, from, from + minutes);
  if (!crossing) return undefined;
  const { beganFrom = 0, beganTo = 0 } = crossing.evidence;
  return {
    delay: crossing.at - start - at,
    crossing,
    isCovered: Math.floor(start + at) >= beganFrom - 1 && Math.floor(start + at) <= beganTo,
    confirmed: () => createJudge(watched).confirmed(crossing.at, threshold),
  };
}

/**
 * An incident of a day that is over: how long until it is said so.
 * @returns minutes from the return to the old rate, undefined when not within a week; negative when said too early.
 */
export function recover(trial: Trial & { readonly change: Omit<Change, 'at' | 'until'> }): number | undefined {
  const { world, seed, history = 7, change } = trial;
  const random = createRandom(seed);
  const at = history * day + random.next() * day;
  const back = at + day;
  const counts = stream(random, world, history * day + 10 * day, start, { ...change, at, until: back });
  const rows = Array.from(counts.units, (units, i) => ({
    minute: start + i,
    units,
    fallbacks: counts.fallbacks[i] as number,
  }));
  const nothing = { releases: [], accepted: [], pins: [], silences: [], changes: [] };
  const {
    drift: [alarm],
  } = backtest(
    { environment: '', tag: '', model: '', rows, ...nothing },
    {
      settings: defaultSettings,
      share: 1,
      from: start + Math.floor(at) + 1,
      until: start + Math.floor(back) + 7 * day,
      staticLimit: 1,
    },
  );
  if (!alarm?.closedAt || alarm.firedAt > start + back) return undefined;
  return alarm.closedAt - start - back;
}

/**
 * A rate that creeps, looked at once a day, against everything seen or against pins of what was quiet too.
 * @param days until the whole change is there; it begins after four weeks.
 * @returns days from its beginning to the alarm, undefined when there is none until it ends.
 */
export function creep(
  world: World,
  seed: number,
  multiple: number,
  days: number,
  isPinned: boolean,
): number | undefined {
  const before = 28;
  const total = before + days;
  const counts = stream(createRandom(seed), world, total * day, start, {
    at: before * day,
    multiple,
    ramp: days * day,
  });
  const sum = (from: number, values: Float64Array): number =>
    values.subarray(from * day, (from + 28) * day).reduce((all, value) => all + value, 0);
  for (let today = before; today <= total; today++) {
    const pins = [];
    for (let from = 0; isPinned && from + 56 <= today; from += 28)
      pins.push({ units: sum(from, counts.units), fallbacks: sum(from, counts.fallbacks) });
    const judge = createJudge({ counts, markers: [], monitorFrom: 0, ...pinnedOf(pins), ...asRise });
    if (judge.evidence(start + today * day).minutes >= threshold) return today - before;
  }
  return undefined;
}
