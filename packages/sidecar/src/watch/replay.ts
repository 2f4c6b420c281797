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
  type Question,
  type Stream,
  streamOf,
} from './evidence.ts';
import { learnedDays, learnProfile, type Profile, unknownProfile } from './profile.ts';
import { minutesPerDay } from './settings.ts';

export interface Watched {
  /** Accepted history and what came after; without what is another story. */
  readonly counts: Counts;
  readonly markers: readonly Marker[];
  /** Epoch minute from which on a change may have begun; a day after the history's beginning at the earliest. */
  readonly monitorFrom: number;
  readonly pinnedUnits: number;
  readonly pinnedFallbacks: number;
  /** The counts are an alarm's incident: there is nothing to learn from it, and no day to wait for. */
  readonly isIncident?: boolean;
  readonly multiples: readonly number[];
  readonly tolerance: number;
}

export interface Judge {
  evidence(now: number): Evidence;
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
    if (stream === undefined || learned !== learnedAt || now - start < 2 * minutesPerDay) {
      learnedAt = learned;
      profile = watched.isIncident ? unknownProfile : learnProfile(counts, now);
      stream = streamOf(counts, profile);
    }
    const monitorFrom = watched.isIncident ? watched.monitorFrom : Math.max(watched.monitorFrom, start + minutesPerDay);
    return {
      stream,
      question: {
        baseline: { from: 0, monitorFrom, pinnedUnits: watched.pinnedUnits, pinnedFallbacks: watched.pinnedFallbacks },
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
    confirmed(now, threshold) {
      const { stream, question } = prepare(now);
      return confirmedMultiple(stream, now, question, threshold);
    },
  };
}

export interface Crossing {
  /** Epoch minute at which the evidence is there: everything before it was looked at. */
  readonly at: number;
  readonly evidence: Evidence;
}

/** What the evidence cannot outgrow unseen, minutes: dispersion changes with age, and the profile once a day. */
const longestSkip = 240;

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
  const { counts, markers } = watched;
  const judge = createJudge(watched);
  const isFall = (watched.multiples[0] as number) < 1;
  let now = from;
  while (now <= until) {
    const evidence = judge.evidence(now);
    if (evidence.minutes >= threshold && accepts(evidence)) return { at: now, evidence };
    const skipped = now;
    let fallbacks = 0;
    do {
      now++;
      fallbacks += counts.fallbacks[now - 1 - counts.start] ?? 0;
      const believed = markers.reduce(
        (all, { minute, weight }) => (minute >= skipped && minute < now ? all + weight : all),
        0,
      );
      if (isFall ? now - skipped >= 5 : canReach(evidence, now - skipped + believed, fallbacks, threshold)) break;
    } while (now - skipped < longestSkip && now < until);
    if (now >= until && skipped < until) now = until;
  }
  return undefined;
}

/** Whether the evidence may have grown to the threshold after so many minutes (and markers' weight) and fallbacks more. */
function canReach({ parts, growth }: Evidence, minutes: number, fallbacks: number, threshold: number): boolean {
  let most = 0;
  for (let j = 0; j < parts.length; j++)
    most += ((parts[j] as number) + minutes / parts.length) * (growth[j] as number) ** fallbacks;
  return most >= threshold;
}
