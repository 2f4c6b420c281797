/** Streams of one tag, minute by minute: what a rollup sees of calls and sessions, with and without a change. */
import type { Counts } from '@routescope/sidecar/watch';
import type { Random } from './random.ts';

export interface World {
  readonly name: string;
  readonly callsPerHour: number;
  /** Fallback rate of calls before the change. */
  readonly rate: number;
  /** Daily cycle of the rate and of the traffic, as parts of one. */
  readonly cycle?: readonly [rate: number, traffic: number];
  /** Coefficient of variation of the rate from hour to hour, and from day to day. */
  readonly hourly?: number;
  readonly daily?: number;
  /** At weekends the rate is multiplied by this. */
  readonly weekend?: number;
  /** Calls come in sessions, and their fallbacks are correlated by this much (ICC). */
  readonly sessions?: number;
  /** With sessions: how many calls each has, two minutes apart. @default 5 */
  readonly callsPerSession?: number;
  /** With sessions: whether the calls say which session they are of. @default true */
  readonly sessionIds?: boolean;
}

export interface Change {
  /** Minute of the stream, may lie within a minute. */
  readonly at: number;
  readonly multiple: number;
  /** Minutes until the whole change is there; 0: a step. */
  readonly ramp: number;
  /** Minute from which on the old rate is back. */
  readonly until?: number;
}

/** Share of sessions with at least one fallback, when calls have `rate` and `icc` (beta-binomial). */
function sessionRate(rate: number, icc: number, callsPerSession: number): number {
  if (icc <= 0) return 1 - (1 - rate) ** callsPerSession;
  const both = 1 / icc - 1;
  const good = (1 - rate) * both;
  let none = 1;
  for (let i = 0; i < callsPerSession; i++) none *= (good + i) / (both + i);
  return 1 - none;
}

/** Log-normal of mean one. */
const wobble = (random: Random, cv: number): number => {
  if (cv === 0) return 1;
  const sigma2 = Math.log(1 + cv * cv);
  return Math.exp(Math.sqrt(sigma2) * random.normal() - sigma2 / 2);
};

/** @param start epoch minute of the first one. */
export function stream(random: Random, world: World, minutes: number, start: number, change?: Change): Counts {
  const {
    callsPerHour,
    rate,
    cycle = [0, 0],
    hourly = 0,
    daily = 0,
    weekend = 1,
    sessions,
    sessionIds = true,
    callsPerSession = 5,
  } = world;
  const units = new Float64Array(minutes);
  const fallbacks = new Float64Array(minutes);
  const bySession = sessions !== undefined;
  const perMinute = callsPerHour / 60 / (bySession ? callsPerSession : 1);
  let hour = 1;
  let day = 1;
  for (let i = 0; i < minutes; i++) {
    const minute = start + i;
    if (i === 0 || minute % 1440 === 0) day = wobble(random, daily);
    if (i === 0 || minute % 60 === 0) hour = wobble(random, hourly);
    const sun = Math.sin((2 * Math.PI * (minute % 1440)) / 1440);
    const isWeekend = (Math.floor(minute / 1440) + 3) % 7 >= 5;
    const p = Math.min(
      0.9,
      rate * (1 + cycle[0] * sun) * hour * day * (isWeekend ? weekend : 1) * (change ? multipleAt(change, i) : 1),
    );
    const traffic = perMinute * (1 + cycle[1] * sun);
    if (bySession && !sessionIds) {
      burstsOfCalls(random, units, fallbacks, i, random.poisson(traffic), p, sessions, callsPerSession);
      continue;
    }
    const failing = bySession ? sessionRate(p, sessions, callsPerSession) : p;
    const failed = random.poisson(traffic * failing);
    const n = failed + random.poisson(traffic * (1 - failing));
    units[i] = n;
    if (!bySession) fallbacks[i] = failed;
    // The first fallback comes some calls after the first call.
    else
      for (let each = 0; each < failed; each++) {
        const later = i + Math.floor(random.next() * callsPerSession) * 2;
        if (later < minutes) fallbacks[later] = (fallbacks[later] as number) + 1;
      }
  }
  return { start, units, fallbacks };
}

/** How much of the change is there in minute `i`, as a multiple of the rate. */
function multipleAt({ at, multiple, ramp, until = Number.POSITIVE_INFINITY }: Change, i: number): number {
  const part = ramp > 0 ? (i + 0.5 - at) / ramp : i + 1 - at;
  return i >= until ? 1 : 1 + (multiple - 1) * Math.min(1, Math.max(0, part));
}

/** Calls of correlated sessions counted one by one, two minutes apart: what is seen without session ids. */
function burstsOfCalls(
  random: Random,
  units: Float64Array,
  fallbacks: Float64Array,
  i: number,
  begun: number,
  p: number,
  icc: number,
  callsPerSession: number,
): void {
  for (let session = 0; session < begun; session++) {
    // Pólya's urn gives the beta-binomial call by call.
    let bad = p * (1 / icc - 1);
    let good = (1 - p) * (1 / icc - 1);
    for (let call = 0; call < callsPerSession && i + 2 * call < units.length; call++) {
      const at = i + 2 * call;
      units[at] = (units[at] as number) + 1;
      if (random.next() < bad / (bad + good)) {
        fallbacks[at] = (fallbacks[at] as number) + 1;
        bad++;
      } else good++;
    }
  }
}
