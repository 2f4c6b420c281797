/**
 * Walks a stream minute by minute and says when it would have alarmed. Each minute is judged by what lies before it,
 * exactly as the live evaluation does; minutes at which no alarm is possible are skipped, which changes nothing.
 */
import { type Counts, historyStart } from './counts.ts';
import {
  confirmedMultiple,
  type Evidence,
  evidenceAt,
  type Marker,
  multiplesAt,
  type Question,
  type Stream,
  sharpnessOf,
  streamOf,
} from './evidence.ts';
import { blockMinutes, learnedDays, learnProfile, type Profile, unknownProfile } from './profile.ts';
import { minutesPerDay } from './settings.ts';

export interface Watched {
  /** Accepted history and what came after; without what is another story. */
  readonly counts: Counts;
  readonly markers: readonly Marker[];
  /** Epoch minute from which on a change may have begun; a day after the history's beginning at the earliest. */
  readonly monitorFrom: number;
  readonly pinnedUnits: number;
  readonly pinnedFallbacks: number;
  /** Epoch minute: only what came since is compared, with what is known of the key besides. An open alarm's incident. */
  readonly incidentFrom?: number;
  readonly multiples: readonly number[];
  readonly tolerance: number;
}

export interface Judge {
  evidence(now: number): Evidence;
  /** Of a minute, with the risks that the last evidence was found with. */
  exposureOf(minute: number): number;
  /** See `confirmedMultiple`. */
  confirmed(now: number, threshold: number): number;
}

/** Judges the key at a minute; remembers what changes rarely. */
export function createJudge(watched: Watched): Judge {
  const { counts, markers, multiples, tolerance } = watched;
  let learnedAt = '';
  let profile: Profile = unknownProfile;
  let stream: Stream | undefined;
  const prepare = (now: number): { readonly stream: Stream; readonly question: Question } => {
    const start = historyStart(counts, now);
    const learned = `${start} ${learnedDays(Math.floor((now - start) / minutesPerDay))}`;
    if (stream === undefined || learned !== learnedAt || now - start < youngMinutes) {
      learnedAt = learned;
      profile = learnProfile(counts, now);
      stream = streamOf(counts, profile);
    }
    const { incidentFrom: from = 0, pinnedUnits, pinnedFallbacks } = watched;
    const monitorFrom = from > 0 ? watched.monitorFrom : Math.max(watched.monitorFrom, start + minutesPerDay);
    return {
      stream,
      question: {
        baseline: { from, monitorFrom, pinnedUnits, pinnedFallbacks },
        profile,
        markers,
        multiples,
        tolerance,
      },
    };
  };
  return {
    evidence(now) {
      const { stream, question } = prepare(now);
      return evidenceAt(stream, now, question);
    },
    exposureOf(minute) {
      const at = minute - counts.start;
      return stream && at >= 0 && at < counts.units.length
        ? (stream.exposure[at + 1] as number) - (stream.exposure[at] as number)
        : 0;
    },
    confirmed(now, threshold) {
      const { stream, question } = prepare(now);
      return confirmedMultiple(stream, now, question, threshold);
    },
  };
}

/** Until then the profile is learned anew at every look. */
const youngMinutes = 2 * minutesPerDay;

export interface Crossing {
  /** Epoch minute at which the evidence is there: everything before it was looked at. */
  readonly at: number;
  readonly evidence: Evidence;
}

/** From one of these to the next, buckets of several minutes come only from minutes six hours old, ... */
const halfHour = 30;
/** ... and from one of these to the next from half hours a week old at the most. Then the evidence is looked at anyway. */
const longestSkip = 240;
const shortestSkip = 5;
/** What minutes can gain by becoming one bucket: its first one then speaks for all, which are five, or eight times six. */
const [slack, longSlack] = [1.25, 10];

/**
 * @param accepts whether a crossing is one; by default every is.
 * @returns the first minute from `from` to `until` at which the evidence reaches `threshold`.
 */
export function firstCrossing(
  watched: Watched,
  threshold: number,
  from: number,
  until: number,
  accepts: (evidence: Evidence) => boolean = () => true,
): Crossing | undefined {
  const judge = createJudge(watched);
  let now = from;
  while (now <= until) {
    const evidence = judge.evidence(now);
    if (evidence.minutes >= threshold && accepts(evidence)) return { at: now, evidence };
    const age = now - historyStart(watched.counts, now);
    const relearned = age < youngMinutes ? now + shortestSkip : now - (age % minutesPerDay) + minutesPerDay;
    const latest = Math.min(relearned, (Math.floor(now / longestSkip) + 1) * longestSkip, until);
    now = firstPossible(watched, judge, evidence, threshold, now, Math.max(now + 1, latest));
  }
  return undefined;
}

/** Of the exposure: while there is no more of it than this since a look, a bound by its end is close. */
const littleMore = 0.05;

/**
 * The first minute after `now` at which the evidence may have reached the threshold, `latest` at most.
 *
 * The term of a beginning with share x of the exposure N is exp(power (k L - K D(x))), with D concave, D(0) = 0 and
 * D(1) = L. When dk fallbacks and dn exposure have come in, R is the rate of all by then and x has moved towards 1 by
 * dn / (N + dn) of its way, so by concavity the exponent has grown by at most power |L| (dk - R dn), for a fall by its
 * negative. Of what began since, D is at least its chord up to `littleMore`: the terms' sum obeys a recursion.
 */
function firstPossible(
  watched: Watched,
  judge: Judge,
  { parts, exposure, fallbacksBefore, fallbacksAfter }: Evidence,
  threshold: number,
  now: number,
  latest: number,
): number {
  const fallbacks = fallbacksBefore + fallbacksAfter;
  if (exposure === 0) return now + 1;
  const rate = fallbacks / exposure;
  const { counts, markers, tolerance } = watched;
  const multiples = multiplesAt(watched, rate);
  const direction = tolerance > 1 ? 1 : -1;
  const nextHalf = (Math.floor(now / halfHour) + 1) * halfHour;
  const logs = multiples.map((multiple) => Math.log(multiple / tolerance));
  const slopes = multiples.map(
    (multiple) => Math.log((1 + (multiple - 1) * littleMore) / (1 + (tolerance - 1) * littleMore)) / littleMore,
  );
  const begun = parts.map(() => 0);
  let [more, moreExposure, weights] = [0, 0, 0];
  for (let minute = now; minute < latest - 1; minute++) {
    const k = counts.fallbacks[minute - counts.start] ?? 0;
    const n = judge.exposureOf(minute);
    more += k;
    moreExposure += n;
    const rateThen = (fallbacks + more) / (exposure + moreExposure);
    if ((fallbacks === 0 && more > 0) || moreExposure > littleMore * exposure) return minute + 1;
    // Its own, and those that come of an age from which on counts are taken to scatter more.
    let weight = 1 + blockMinutes.length;
    for (const marker of markers) {
      const age = minute - marker.minute;
      if (age === 0 || age === 15 || age === 60 || age === 240) weight += marker.weight;
    }
    weights += weight;
    const power = sharpnessOf(rateThen);
    const sharper = Math.exp(15 * Math.abs(power / sharpnessOf(rate) - 1));
    const excess = Math.max(0, direction * (more - rateThen * moreExposure));
    // Terms below 1 are nearer to it where counts scatter more.
    let most = weights;
    for (let j = 0; j < parts.length; j++) {
      const [log, slope] = [logs[j] as number, slopes[j] as number];
      begun[j] = ((begun[j] as number) + weight / parts.length) * Math.exp(power * (k * log - rate * n * slope));
      const moved = Math.max(0, slope * (rate - rateThen)) * moreExposure;
      most +=
        (parts[j] as number) * Math.exp(power * Math.abs(log) * excess) +
        (begun[j] as number) * Math.exp(power * moved);
    }
    if (most * sharper * (minute < nextHalf ? slack : longSlack) >= threshold) return minute + 1;
  }
  return latest;
}
