/** Fallback drift: is a first choice of model getting worse, since when, where, and what does it cost? */
import { counted, noCalls, noChecks, plain, seconds, share, usd } from './columns.ts';
import type { Panel } from './definition.ts';

const noFallbacks = 'No fallbacks here: no first answer was rejected, or none is checked yet (see the share checked).';

const fallbackBand: Panel = {
  id: 'fallback_band',
  title: 'Fallback rate against its own past',
  question:
    'Is the rate where its own seven days before put it? (The band is three standard errors wide, up and down.)',
  visual: 'band',
  keys: [],
  columns: [
    share('fallback_rate', 'rate', { of: 'checked_calls', least: 20 }),
    share('baseline_fallback_rate', 'baseline', { of: 'baseline_checked_calls' }),
    share('upper_fallback_rate', 'upper limit', { of: 'baseline_checked_calls' }),
    share('lower_fallback_rate', 'lower limit', { of: 'baseline_checked_calls' }),
    counted('checked_calls', 'checked calls'),
    counted('baseline_checked_calls', 'checked calls of the baseline'),
  ],
  repeat: 'tag',
  empty: noChecks,
};

const howSure = [
  plain('evidence_weeks', 'evidence, weeks', { type: 'Float64' }),
  plain('alarm_from_weeks', 'an alarm takes', { type: 'Float64' }),
] as const;

const noneJudged = `${noChecks} The detector learns for a day before it judges.`;

const driftEvidence: Panel = {
  id: 'drift_evidence',
  title: 'Drift evidence and change point',
  question:
    'Did a rate change, how sure is that, and since when? (Weeks: so long a healthy one takes to show as much; rates are per unit, which is a session where there is one.)',
  visual: 'table',
  keys: ['tag', 'first_model', 'question', 'unit', 'began', 'not_before', 'not_after'],
  columns: [
    plain('part_of_alarm', 'alarm from 1', { type: 'Float64', thresholds: [0.5, 1] }),
    ...howSure,
    share('before_fallback_rate', 'rate before', { of: 'units_before' }),
    share('after_fallback_rate', 'rate after', { of: 'units_after' }),
    counted('units_before', 'units before', { type: 'Float64' }),
    counted('units_after', 'units after', { type: 'Float64' }),
  ],
  empty: noneJudged,
};

const driftEvidenceOverTime: Panel = {
  id: 'drift_evidence_over_time',
  title: 'Drift evidence over time',
  question:
    'How near was each first choice of model to an alarm, by which signal, and is it coming nearer? (From 1 it is one.)',
  visual: 'lines',
  keys: ['signal', 'tag', 'first_model', 'question'],
  columns: [
    plain('part_of_alarm', 'evidence', { type: 'Float64', thresholds: [0.5, 1], logarithmic: true }),
    ...howSure,
  ],
  empty: noneJudged,
};

const happenings: Panel = {
  id: 'happenings',
  title: 'What happened',
  question: 'What was released, changed, alarmed or decided?',
  visual: 'list',
  keys: ['kind', 'tag', 'name', 'state', 'text'],
  columns: [seconds('ago_s', 'before the end', { type: 'Int64' })],
  empty: 'No events in this range: send deploys and changes to the sidecar at /v1/events.',
};

const fallbackNowAndBefore: Panel = {
  id: 'fallback_now_and_before',
  title: 'The last day against the days before',
  question: 'Which job got worse lately?',
  visual: 'bars',
  keys: ['tag'],
  columns: [
    share('last_day_fallback_rate', 'last day', {
      of: 'last_day_checked_calls',
      least: 50,
      thresholds: [0.02, 0.05],
    }),
    share('earlier_fallback_rate', 'before', { of: 'earlier_checked_calls', least: 50, line: true }),
    counted('last_day_checked_calls', 'checked in the last day'),
    counted('earlier_checked_calls', 'checked before'),
  ],
  empty: noChecks,
};

const fallbackCauses: Panel = {
  id: 'fallback_causes',
  title: 'Causes of fallbacks',
  question: 'What do rejected answers die of?',
  visual: 'stacked bars',
  keys: ['fallback_cause'],
  columns: [counted('fallbacks', 'fallbacks')],
  empty: noFallbacks,
};

const rates = [
  share('fallback_rate', 'fallback rate', { of: 'checked_calls', least: 50, thresholds: [0.02, 0.05] }),
  counted('fallbacks', 'fallbacks'),
  counted('checked_calls', 'of checked'),
] as const;

const fallbackByModel: Panel = {
  id: 'fallback_by_model',
  title: 'By first choice of model',
  question: 'Which model is good enough for which job?',
  visual: 'table',
  keys: ['tag', 'first_model', 'first_seen'],
  columns: rates,
  empty: noChecks,
};

const fallbackByRouteVersion: Panel = {
  id: 'fallback_by_route_version',
  title: 'By version of the route table',
  question: 'Did a change of the route table change the rate?',
  visual: 'table',
  keys: ['tag', 'route_version', 'first_seen'],
  columns: rates,
  empty: noChecks,
};

const checkCoverage: Panel = {
  id: 'check_coverage',
  title: 'Share of answers checked',
  question: 'Whose answers does nobody look at? (A job that nobody checks looks perfect.)',
  visual: 'lines',
  keys: ['tag'],
  columns: [
    share('checked_share', 'share checked', { type: 'Float64', of: 'calls', least: 20 }),
    counted('calls', 'of calls'),
  ],
  empty: noCalls,
};

export const costSpentTwice: Panel = {
  id: 'cost_spent_twice',
  title: 'Money spent twice',
  question: 'What do rejected answers, failed attempts and the fallbacks after them cost?',
  visual: 'stacked bars',
  keys: ['spent_on'],
  columns: [usd('cost_usd', 'cost'), counted('attempts', 'attempts')],
  empty: noFallbacks,
};

const providerFailures: Panel = {
  id: 'provider_failures',
  title: 'Failures by provider',
  question: 'Who does not answer? (These are no fallbacks: they say nothing about the answers.)',
  visual: 'lines',
  keys: ['provider'],
  columns: [
    share('failed_share', 'share failed', { type: 'Float64', of: 'attempts', least: 20, thresholds: [0.02, 0.1] }),
    counted('failed_attempts', 'failed'),
    counted('attempts', 'of attempts'),
  ],
  empty: noCalls,
};

const fallbackExamples: Panel = {
  id: 'fallback_examples',
  title: 'Newest fallbacks',
  question: 'What does one look like?',
  visual: 'list',
  keys: ['trace_id', 'tag', 'first_model', 'final_model', 'fallback_cause', 'validation_name', 'session_id'],
  columns: [seconds('duration_s', 'duration'), usd('cost_usd', 'cost', { type: 'Nullable(Decimal(18, 12))' })],
  empty: noFallbacks,
};

export const drift: readonly Panel[] = [
  fallbackBand,
  driftEvidenceOverTime,
  driftEvidence,
  fallbackNowAndBefore,
  fallbackCauses,
  fallbackByModel,
  fallbackByRouteVersion,
  costSpentTwice,
  providerFailures,
  checkCoverage,
  happenings,
  fallbackExamples,
];
