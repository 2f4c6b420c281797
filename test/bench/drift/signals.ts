/** The other signals: numbers of calls and sessions, judged as the rate of units beyond a limit frozen on the first day. */
import {
  type Counts,
  defaultSettings,
  firstCrossing,
  limitAmong,
  multiplesOf,
  settingsFor,
  thresholdOf,
} from '@routescope/sidecar/watch';
import { createRandom, type Random } from './random.ts';

const day = 1_440;
const history = 7 * day;
const fourWeeks = 28 * day;
/** Epoch minute at which every stream begins. */
const start = 20_497 * day;
/** How many signals share what they may use of the promise: latency, cost, a rubric, overrides, routing. */
const signalsTogether = 5;

export interface Numbers {
  readonly signal: 'latency' | 'cost' | 'override' | 'score:rubric';
  readonly unitsPerHour: number;
  /** The numbers of a unit's calls, two minutes apart; a session's cost as it grows. */
  readonly draw: (random: Random, isChanged: boolean) => readonly number[];
}

/** When the detector first alarms at the counts of one of the other signals, epoch minute; without releases and pins. */
export function firstAlarm(signal: string, counts: Counts, from: number, to: number): number | undefined {
  const settings = settingsFor(defaultSettings, signal, signalsTogether);
  const watched = {
    counts,
    markers: [],
    monitorFrom: counts.start + day,
    pinnedUnits: 0,
    pinnedFallbacks: 0,
    multiples: multiplesOf(settings),
    tolerance: 1 + settings.wobble,
  };
  return firstCrossing(watched, thresholdOf(settings, 1), from, to)?.at;
}

/**
 * @param isChanging whether the numbers change on the eighth day.
 * @returns units from the change to the alarm, or from the end of a week's history; undefined when not within four weeks.
 */
export function unitsUntilTold(
  { signal, unitsPerHour, draw }: Numbers,
  seed: number,
  isChanging: boolean,
): number | undefined {
  const random = createRandom(seed);
  const isLow = signal.startsWith('score:');
  const at = history + (isChanging ? Math.floor(random.next() * day) : 0);
  const begun = Array.from({ length: at + fourWeeks }, () => random.poisson(unitsPerHour / 60));
  const firstDay = begun.slice(0, day).map((many) => Array.from({ length: many }, () => draw(random, false)));
  const worst = (values: readonly number[]): number => (isLow ? Math.min(...values) : Math.max(...values));
  const limit = limitAmong(firstDay.flat().map(worst), isLow, defaultSettings.wobble);
  const units = Float64Array.from(begun);
  const fallbacks = new Float64Array(units.length);
  for (let i = 0; i < units.length; i++)
    for (let unit = 0; unit < (begun[i] as number); unit++) {
      const values = firstDay[i]?.[unit] ?? draw(random, isChanging && i >= at);
      const wrong = i + 2 * values.findIndex((value) => (isLow ? value < limit : value > limit));
      if (wrong >= i && wrong < fallbacks.length) fallbacks[wrong] = (fallbacks[wrong] as number) + 1;
    }
  const found = firstAlarm(signal, { start, units, fallbacks }, start + at + 1, start + units.length);
  return found && units.subarray(at, found - start).reduce((all, many) => all + many, 0);
}

/** Calls of their own, log-normal with sigma 0.8: a share of them is so many times slower when they change. */
export const latencies = (unitsPerHour: number, factor = 1, share = 1): Numbers => ({
  signal: 'latency',
  unitsPerHour,
  draw: (random, isChanged) => [Math.exp(0.8 * random.normal()) * (isChanged && random.next() < share ? factor : 1)],
});

/** Sessions of one to some calls, each with a price of its own; all of them dearer when they change. */
export const costs = (unitsPerHour: number, factor = 1): Numbers => ({
  signal: 'cost',
  unitsPerHour,
  draw: (random, isChanged) => {
    let spent = 0;
    return Array.from({ length: 1 + random.poisson(3) }, () => {
      spent += 0.002 * Math.exp(0.5 * random.normal()) * (isChanged ? factor : 1);
      return spent;
    });
  },
});

/** Scores of sessions in steps of a tenth, by a judge that scatters by 0.15. */
export const scores = (unitsPerHour: number, mean = 0.85, after = mean): Numbers => ({
  signal: 'score:rubric',
  unitsPerHour,
  draw: (random, isChanged) => [
    Math.min(1, Math.max(0, Math.round(10 * ((isChanged ? after : mean) + 0.15 * random.normal())) / 10)),
  ],
});

/** What people replaced or rejected of what they saw. */
export const overrides = (unitsPerHour: number, rate = 0.03, after = rate): Numbers => ({
  signal: 'override',
  unitsPerHour,
  draw: (random, isChanged) => [random.next() < (isChanged ? after : rate) ? 1 : 0],
});
