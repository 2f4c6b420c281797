/**
 * The statistic: how many minutes a healthy key takes, on average, to show as much as this one shows now. The same as
 * packages/panels/sql/drift.sql to 1e-9, and derived in docs/drift.md.
 */
import { type Counts, cumulative } from './counts.ts';
import { blockMinutes, type Profile, slotOf } from './profile.ts';
import { lookback } from './settings.ts';

/** A release, or anything else that may have changed the rate at a known minute. */
export interface Marker {
  /** Epoch minute. */
  readonly minute: number;
  /** Minutes' worth of belief that the change began there. */
  readonly weight: number;
  /** Epoch minute from which on it is not believed any more. */
  readonly until?: number | undefined;
}

export interface Baseline {
  /** Epoch minute: whole buckets from it on are compared; 0 for all there are. */
  readonly from: number;
  /** Epoch minute from which on a change is looked for. */
  readonly monitorFrom: number;
  /** Units and fallbacks of accepted history that is no longer among the counts. */
  readonly pinnedUnits: number;
  readonly pinnedFallbacks: number;
}

export interface Question {
  readonly baseline: Baseline;
  readonly profile: Profile;
  readonly markers: readonly Marker[];
  /** Multiples of the earlier rate; below 1 to ask for a fall. */
  readonly multiples: readonly number[];
  /** What is no news: 1.1 for a rise, 1 / 1.1 for a fall. */
  readonly tolerance: number;
}

export interface Evidence {
  /** Minutes; an alarm from the threshold on. */
  readonly minutes: number;
  /** The same by multiple; their sum is `minutes`. */
  readonly parts: readonly number[];
  /** Exposure of all that is compared; its fallbacks are those before and after. */
  readonly exposure: number;
  /** Epoch minute of the likeliest start of the change; undefined when there is nothing to compare. */
  readonly beganAt: number | undefined;
  /** The start lies between these two with 90 %. */
  readonly beganFrom: number | undefined;
  readonly beganTo: number | undefined;
  readonly unitsBefore: number;
  readonly fallbacksBefore: number;
  readonly unitsAfter: number;
  readonly fallbacksAfter: number;
}

/** Counts of one key with its hours' risk taken in, ready to be asked at any minute. */
export interface Stream {
  readonly start: number;
  /** Everything before minute `start + i`. */
  readonly units: Float64Array;
  readonly exposure: Float64Array;
  readonly fallbacks: Float64Array;
}

export function streamOf(counts: Counts, { hours, weekdays }: Profile): Stream {
  const exposed = new Float64Array(counts.units.length);
  let risk = 0;
  for (let i = 0; i < exposed.length; i++) {
    const minute = counts.start + i;
    if (i === 0 || minute % 60 === 0) {
      const slot = slotOf(minute);
      risk = (hours[slot % 24] as number) * (weekdays[Math.floor(slot / 24)] as number);
    }
    exposed[i] = (counts.units[i] as number) * risk;
  }
  return {
    start: counts.start,
    units: cumulative(counts.units),
    exposure: cumulative(exposed),
    fallbacks: cumulative(counts.fallbacks),
  };
}

/** Where buckets of 1, 5, 30 and 240 minutes begin, seen from `now`: the older, the coarser. */
function resolutions(now: number): readonly { readonly from: number; readonly length: number }[] {
  const down = (minute: number, length: number): number => Math.floor(minute / length) * length;
  return [
    { from: down(now - 360, 5), length: 1 },
    { from: down(now - 2_880, 30), length: 5 },
    { from: down(now - 10_080, 240), length: 30 },
    { from: down(now - lookback, 240), length: 240 },
  ];
}

/** Room for the buckets of one look; used again and again, since a backtest looks thousands of times. */
const capacity = 2_048;
const at = new Int32Array(capacity);
const exposureSince = new Float64Array(capacity);
const fallbacksSince = new Float64Array(capacity);
const unitsSince = new Float64Array(capacity);
const belief = new Float64Array(capacity);
const weights = new Float64Array(capacity);

/** Every bucket of the lookback, newest first; how many there are. */
function gather(stream: Stream, now: number, markers: readonly Marker[]): number {
  const { start, units, exposure, fallbacks } = stream;
  const last = units.length - 1;
  const index = (minute: number): number => Math.min(Math.max(minute - start, 0), last);
  const end = index(now);
  const newest = markers
    .filter(({ minute, until }) => minute < now && (until === undefined || now < until))
    .sort((a, b) => b.minute - a.minute);
  let next = 0;
  let count = 0;
  let to = now;
  for (const { from, length } of resolutions(now)) {
    for (let bucket = Math.floor((to - 1) / length) * length; bucket >= from; bucket -= length) {
      let weight = 0;
      for (; next < newest.length && (newest[next] as Marker).minute >= bucket; next++)
        weight += (newest[next] as Marker).weight;
      const left = index(bucket);
      at[count] = bucket;
      unitsSince[count] = (units[end] as number) - (units[left] as number);
      exposureSince[count] = (exposure[end] as number) - (exposure[left] as number);
      fallbacksSince[count] = (fallbacks[end] as number) - (fallbacks[left] as number);
      belief[count] = weight;
      count++;
    }
    to = from;
  }
  return count;
}

/** Trials scatter less than the Poisson counts the ratio is made for: by 1 - rate. */
export const sharpnessOf = (rate: number): number => 1 / Math.max(1 - rate, 0.2);

/** A rate is at most one: beyond the tolerance its odds are multiplied, which is the same where it is small. */
export const multiplesAt = (
  { multiples, tolerance }: Pick<Question, 'multiples' | 'tolerance'>,
  rate: number,
): number[] => multiples.map((multiple) => multiple / (1 + (multiple - tolerance) * Math.min(rate, 0.95 / tolerance)));

/** Logarithm of a ratio from which on it adds nothing that could be seen. */
const negligible = -60;
const chordSteps = 32;

/**
 * What a share of the exposure takes from a term, at the ends of equal steps: since it is concave, a chord is below it,
 * and tells without a logarithm of most terms that they are negligible.
 */
const chordsOf = (multiple: number, tolerance: number): Float64Array =>
  Float64Array.from({ length: chordSteps + 1 }, (_, i) =>
    Math.log((1 + ((multiple - 1) * i) / chordSteps) / (1 + ((tolerance - 1) * i) / chordSteps)),
  );

function dispersionAt(dispersion: readonly number[], age: number): number {
  for (let i = 0; i < blockMinutes.length - 1; i++)
    if (age <= (blockMinutes[i] as number)) return dispersion[i] as number;
  return dispersion[blockMinutes.length - 1] as number;
}

/** @param now epoch minute; counts and markers from it on are not looked at. */
export function evidenceAt(stream: Stream, now: number, question: Question): Evidence {
  const { baseline, profile, markers, tolerance } = question;
  const all = gather(stream, now, markers);
  let count = all;
  while (count > 0 && (at[count - 1] as number) < baseline.from) count--;
  const oldest = count - 1;
  const exposure = (count > 0 ? (exposureSince[oldest] as number) : 0) + baseline.pinnedUnits;
  const fallbacks = (count > 0 ? (fallbacksSince[oldest] as number) : 0) + baseline.pinnedFallbacks;
  const units = (count > 0 ? (unitsSince[oldest] as number) : 0) + baseline.pinnedUnits;
  const nothing = { beganAt: undefined, beganFrom: undefined, beganTo: undefined };
  if (exposure === 0 || fallbacks === 0)
    return {
      minutes: 0,
      parts: question.multiples.map(() => 0),
      exposure,
      ...nothing,
      unitsBefore: units,
      fallbacksBefore: fallbacks,
      unitsAfter: 0,
      fallbacksAfter: 0,
    };

  const sharpness = sharpnessOf(fallbacks / exposure);
  const multiples = multiplesAt(question, fallbacks / exposure);
  const logs = multiples.map((multiple) => Math.log(multiple / tolerance));
  const chords = logs.map((_, j) => chordsOf(multiples[j] as number, tolerance));
  const parts = multiples.map(() => 0);
  const olderThan = (i: number): number => (i + 1 < all ? (at[i + 1] as number) : (at[i] as number) - 1);
  const ratios = multiples.map(() => 1);
  let lastShare = -1;
  let lastPower = -1;
  let lastFallbacks = -1;
  let minutes = 0;
  let best = -1;
  let likeliest = 0;
  for (let i = 0; i < count; i++) {
    const bucket = at[i] as number;
    if (bucket < baseline.monitorFrom) {
      weights[i] = 0;
      continue;
    }
    // Changes that began after the bucket before and up to this one leave the same counts.
    const previous = Math.max(olderThan(i), baseline.monitorFrom - 1);
    const share = (exposureSince[i] as number) / exposure;
    const k = fallbacksSince[i] as number;
    const power = sharpness / dispersionAt(profile.dispersion, now - bucket);
    // A bucket without counts is as likely a beginning as the one after it.
    if (i === 0 || share !== lastShare || power !== lastPower || k !== lastFallbacks) {
      const tolerated = Math.log(1 + (tolerance - 1) * share);
      const step = Math.min(Math.floor(share * chordSteps), chordSteps - 1);
      for (let j = 0; j < multiples.length; j++) {
        const [log, chord] = [logs[j] as number, chords[j] as Float64Array];
        const low = chord[step] as number;
        const least = low + (share * chordSteps - step) * ((chord[step + 1] as number) - low);
        if (power * (k * log - fallbacks * least) < negligible) ratios[j] = 0;
        else {
          const changed = Math.log(1 + ((multiples[j] as number) - 1) * share);
          ratios[j] = Math.exp(Math.min(700, power * (k * log - fallbacks * (changed - tolerated))));
        }
      }
      lastShare = share;
      lastPower = power;
      lastFallbacks = k;
    }
    const weight = (bucket - previous + (belief[i] as number)) / multiples.length;
    let weighted = 0;
    for (let j = 0; j < multiples.length; j++) {
      const part = weight * (ratios[j] as number);
      parts[j] = (parts[j] as number) + part;
      weighted += part;
    }
    minutes += weighted;
    weights[i] = weighted;
    // As likely as any minute of the bucket, the marker's belief on top.
    const likely = (weighted / (bucket - previous + (belief[i] as number))) * (1 + (belief[i] as number));
    if (likely > likeliest) {
      likeliest = likely;
      best = i;
    }
  }
  if (best < 0)
    return {
      minutes,
      parts,
      exposure,
      ...nothing,
      unitsBefore: units,
      fallbacksBefore: fallbacks,
      unitsAfter: 0,
      fallbacksAfter: 0,
    };
  let seen = 0;
  let newest = -1;
  let eldest = -1;
  for (let i = 0; i < count && eldest < 0; i++) {
    seen += weights[i] as number;
    if (newest < 0 && seen >= 0.05 * minutes) newest = i;
    if (seen >= 0.95 * minutes) eldest = i;
  }
  if (eldest < 0) eldest = oldest;
  return {
    minutes,
    parts,
    exposure,
    beganAt: at[best] as number,
    // The bucket's counts stand for every start after the bucket before it.
    beganFrom: Math.max(olderThan(eldest) + 1, baseline.monitorFrom),
    beganTo: at[Math.max(newest, 0)] as number,
    unitsBefore: units - (unitsSince[best] as number),
    fallbacksBefore: fallbacks - (fallbacksSince[best] as number),
    unitsAfter: unitsSince[best] as number,
    fallbacksAfter: fallbacksSince[best] as number,
  };
}

/**
 * The multiple of the earlier rate that the change exceeds for certain: the largest one that, taken for no news, would
 * still alarm. It starts at the tolerance and grows as evidence comes in; 1 when there is no alarm.
 */
export function confirmedMultiple(stream: Stream, now: number, question: Question, threshold: number): number {
  const isRise = question.tolerance > 1;
  const alarms = (multiple: number): boolean => {
    const tolerance = isRise ? multiple : 1 / multiple;
    // Only changes beyond it speak for it.
    const beyond = question.multiples.filter((each) => (isRise ? each > tolerance : each < tolerance));
    if (beyond.length === 0) return false;
    const { minutes } = evidenceAt(stream, now, { ...question, multiples: beyond, tolerance });
    return (minutes * beyond.length) / question.multiples.length >= threshold;
  };
  const least = isRise ? question.tolerance : 1 / question.tolerance;
  if (!alarms(least)) return 1;
  let low = least;
  let high = Math.max(...question.multiples.map((each) => (isRise ? each : 1 / each)));
  for (let i = 0; i < 20; i++) {
    const middle = Math.sqrt(low * high);
    if (alarms(middle)) low = middle;
    else high = middle;
  }
  return low;
}
