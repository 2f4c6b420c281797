/** What an alarm says: the body of the webhook, and the same as a text for people. docs/drift.md documents it. */
import type { DriftRow } from '@routescope/panels';
import { jeffreys } from './jeffreys.ts';
import type { AlarmState, Direction } from './life.ts';
import { rateOfWhat, wrongOnes } from './signals.ts';

interface Rate {
  readonly units: number;
  /** Units that went wrong: fell back, are beyond the limit, were overridden, sent to the model. */
  readonly fallbacks: number;
  readonly rate: number | null;
  /** 95 % interval (Jeffreys). */
  readonly low: number | null;
  readonly high: number | null;
}

export interface Suspect {
  /** `prompt_version`, `feature`, … */
  readonly dimension: string;
  readonly value: string;
  /** Part of the excess that is this value's own rate having changed, and that it is met more often. */
  readonly within: number;
  readonly mix: number;
  /** The value was not there before the change. */
  readonly is_new: boolean;
}

export interface Alarm {
  readonly version: 1;
  /** The same for every message about one alarm. */
  readonly id: string;
  readonly state: AlarmState;
  /** `fallback_drift`, `latency_drift`, …; every rubric has `score_drift`. */
  readonly alert: string;
  /** What drifts: `fallback`, `latency`, `cost`, `override`, `routing`, `score:<rubric>`. */
  readonly signal: string;
  /** Beyond which a unit goes wrong, s, USD or as the rubric has it; fallbacks and routing have none. */
  readonly limit?: number;
  /** `rise`: worse; `fall`: better. */
  readonly direction: Direction;
  readonly severity: 'page' | 'ticket' | 'info';
  readonly environment: string;
  readonly tag: string;
  readonly model: string;
  /** What is counted: `session`, `call`, `mixed`. */
  readonly unit: string;
  /** ISO times. */
  readonly opened_at: string;
  readonly closed_at: string | null;
  readonly began: { readonly at: string; readonly from: string; readonly to: string };
  readonly release: { readonly what: string; readonly version: string; readonly at: string } | null;
  readonly before: Rate;
  /** `provisional` until 30 fallbacks: the rate at the moment of an alarm is more likely too high than too low. */
  readonly after: Rate & { readonly provisional: boolean };
  /** A healthy tag shows as much once in so many weeks or less often; and from how many on it is an alarm. */
  readonly evidence_weeks: number;
  readonly threshold_weeks: number;
  /** The rate is at least this multiple of the earlier one. */
  readonly confirmed_multiple: number;
  readonly extra_cost_usd_per_day: number | null;
  readonly suspect: Suspect | null;
  readonly links: Readonly<Record<string, string | readonly string[]>>;
  readonly text: string;
}

const certainFrom = 30;
/** Confirmed multiple from which somebody is woken up; a share that tripled is worth that only by what it costs. */
const pageFrom = 3;

/** What only the counts and calls behind a row can tell. */
export interface Findings {
  readonly confirmedMultiple: number;
  readonly limit: number | null;
  readonly release: Alarm['release'];
  readonly extraCostUsdPerDay: number | null;
  readonly suspect: Suspect | null;
  readonly links: Alarm['links'];
}

export const isoOf = (stored: string): string => `${stored.slice(0, 19).replace(' ', 'T')}Z`;

/** @param pageCostPerDay confirmed extra cost in USD a day from which somebody is woken up. */
export function alarmOf(row: DriftRow, openedAt: string, findings: Findings, pageCostPerDay: number): Alarm {
  const direction = row.question as Direction;
  const { confirmedMultiple, extraCostUsdPerDay: cost } = findings;
  const ofSignal = row.signal === 'fallback' ? [] : [row.signal];
  const isCostly = cost !== null && cost >= pageCostPerDay;
  const alarm = {
    version: 1 as const,
    id: [row.environment, row.tag, row.first_model, ...ofSignal, direction, openedAt].join('/'),
    state: 'opened' as const,
    alert: `${row.signal.replace(/:.*/s, '')}_drift`,
    signal: row.signal,
    ...(findings.limit !== null && { limit: findings.limit }),
    direction,
    severity:
      direction === 'fall'
        ? ('info' as const)
        : (confirmedMultiple >= pageFrom && row.signal !== 'routing') || isCostly
          ? ('page' as const)
          : ('ticket' as const),
    environment: row.environment,
    tag: row.tag,
    model: row.first_model,
    unit: row.unit,
    opened_at: openedAt,
    closed_at: null,
    began: { at: isoOf(row.began_at), from: isoOf(row.began_from), to: isoOf(row.began_to) },
    release: findings.release,
    before: rateOf(row.units_before, row.fallbacks_before),
    after: { ...rateOf(row.units_after, row.fallbacks_after), provisional: row.fallbacks_after < certainFrom },
    evidence_weeks: rounded(row.evidence_weeks),
    threshold_weeks: rounded(row.threshold_minutes / 10_080),
    confirmed_multiple: rounded(confirmedMultiple),
    extra_cost_usd_per_day: cost === null ? null : rounded(cost),
    suspect: findings.suspect,
    links: findings.links,
  };
  return { ...alarm, text: textOf(alarm) };
}

/** The same alarm, closed. */
export function closedAlarm(alarm: Alarm, state: AlarmState, closedAt: string): Alarm {
  const why = {
    recovered: 'the rate is back',
    accepted: 'accepted as the new normal',
    route_changed: `the tag is ${alarm.signal === 'routing' ? 'routed another way' : 'served by another model'}`,
    opened: '',
  }[state];
  const what = alarm.signal === 'fallback' ? '' : `, ${alarm.signal}`;
  return { ...alarm, state, closed_at: closedAt, text: `${headOf(alarm)}${what}: over at ${clock(closedAt)}, ${why}.` };
}

function rateOf(units: number, fallbacks: number): Rate {
  if (units <= 0) return { units, fallbacks, rate: null, low: null, high: null };
  const { low, high } = jeffreys(fallbacks, units);
  return { units, fallbacks, rate: rounded(fallbacks / units), low: rounded(low), high: rounded(high) };
}

const rounded = (x: number): number => Number(x.toPrecision(4));
const percent = (x: number | null): string => (x === null ? 'unknown' : `${Number((100 * x).toPrecision(2))} %`);
const clock = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;
const headOf = ({ tag, model, environment }: Pick<Alarm, 'tag' | 'model' | 'environment'>): string =>
  [tag, model, environment].filter((each) => each !== '').join(' · ');

function textOf(alarm: Omit<Alarm, 'text'>): string {
  const { before, after, began, release, suspect, direction } = alarm;
  const units = alarm.unit === 'session' ? 'sessions' : alarm.unit === 'call' ? 'calls' : 'sessions and calls';
  const sentences = [
    `${headOf(alarm)}: ${rateOfWhat(alarm.signal, alarm.limit ?? null, units)} is ${direction === 'rise' ? 'up' : 'down'}, ${percent(before.rate)} -> ${after.provisional ? 'about ' : ''}${percent(after.rate)}.`,
    `Began ${clock(began.at)} (90 %: ${clock(began.from)} to ${clock(began.to)})${release ? `, with ${release.what.replaceAll('_', ' ')} ${release.version}` : ''}.`,
    `${direction === 'rise' ? 'At least' : 'Lower by at least'} ${alarm.confirmed_multiple.toFixed(1)}x.`,
    `Evidence: a healthy tag shows this much once in ${alarm.evidence_weeks >= 1000 ? 'more than 1000' : alarm.evidence_weeks} weeks or less often.`,
    `${after.fallbacks} ${wrongOnes(alarm.signal)} in ${after.units} ${units} since; before: ${before.fallbacks} in ${before.units}.`,
  ];
  if (suspect)
    sentences.push(
      `Suspect: ${suspect.dimension.replaceAll('_', ' ')} ${suspect.value || '(none)'}${suspect.is_new ? ', new' : ''}: ${percent(suspect.within)} of the excess is its own rate, ${percent(suspect.mix)} that it is met more often.`,
    );
  const { extra_cost_usd_per_day: extra } = alarm;
  if (extra !== null) sentences.push(`${extra < 0 ? 'Saves' : 'Extra cost'} about ${Math.abs(extra)} USD a day.`);
  if (direction === 'fall')
    sentences.push('Accept it as the new normal, or a return to the old rate will not be news.');
  return sentences.join(' ');
}
