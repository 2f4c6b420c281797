/** Routing overview: the four panels to keep an eye on, whether anything is off, and whether these screens can be trusted. */
import { counted, noCalls, noChecks, noScores, score, seconds, share, usd } from './columns.ts';
import type { Panel } from './definition.ts';

export const costPerSession: Panel = {
  id: 'cost_per_session',
  title: 'Cost per session by tag',
  question: 'Which job makes a session expensive?',
  visual: 'stacked lines',
  keys: ['tag'],
  columns: [
    usd('cost_per_session_usd', 'cost/session', { type: 'Nullable(Float64)', of: 'sessions', least: 5 }),
    counted('sessions', 'sessions'),
    usd('session_cost_usd', 'cost'),
    counted('session_priced_calls', 'priced calls'),
    counted('session_calls', 'of calls'),
  ],
  empty:
    'No priced calls in sessions yet: run the work of one session inside withSession(id, fn), or set gen_ai.conversation.id on the spans.',
  links: ['money'],
};

export const scorePerTag: Panel = {
  id: 'score_per_tag',
  title: 'Score per tag by its own rubric',
  question: 'Is each job still good by its own yardstick?',
  visual: 'lines',
  keys: ['tag', 'score_name'],
  columns: [score('mean_score', 'mean score', { of: 'scores', least: 10 }), counted('scores', 'scores')],
  empty: noScores,
  links: ['quality'],
};

export const fallbackRate: Panel = {
  id: 'fallback_rate',
  title: 'Fallback rate per tag',
  question: 'Is the first choice of model still good enough for each job?',
  visual: 'lines',
  keys: ['tag'],
  columns: [
    share('fallback_rate', 'fallback rate', { of: 'checked_calls', least: 50, thresholds: [0.02, 0.05] }),
    counted('fallbacks', 'fallbacks'),
    counted('checked_calls', 'of checked'),
    share('failover_rate', 'failover rate', { of: 'calls', least: 50 }),
    counted('failovers', 'failovers'),
    counted('calls', 'of calls'),
  ],
  empty: noChecks,
  links: ['fallback-drift'],
};

export const humanOverrideRate: Panel = {
  id: 'human_override_rate',
  title: 'Human-override rate per tag',
  question: 'Do people reject what we show them?',
  visual: 'lines',
  keys: ['tag'],
  columns: [
    share('human_override_rate', 'override rate', { type: 'Float64', of: 'shown_calls', least: 20 }),
    counted('overridden_calls', 'overridden'),
    counted('shown_calls', 'of shown'),
  ],
  empty:
    "No outputs seen by a human yet: call shown(call) where a person sees the answer, and score(call, { name: 'human_override', value: 1 }) where they replace or reject it.",
  links: ['quality'],
};

const rangeInNumbers: Panel = {
  id: 'range_in_numbers',
  title: 'The range in numbers',
  question: 'Is anything off right now?',
  visual: 'stats',
  keys: [],
  columns: [
    counted('calls', 'calls'),
    usd('cost_usd', 'cost'),
    share('saved_share', 'saved', { of: 'compared_calls', least: 20 }),
    share('fallback_rate', 'fallback rate', { of: 'checked_calls', least: 50, thresholds: [0.02, 0.05] }),
    seconds('p95_s', 'p95', { type: 'Float32', of: 'calls', least: 100 }),
    share('failed_share', 'failed', { type: 'Float64', of: 'calls', least: 20, thresholds: [0.01, 0.05] }),
    counted('compared_calls', 'compared calls'),
    counted('checked_calls', 'checked calls'),
  ],
  empty: noCalls,
};

export const routingDistribution: Panel = {
  id: 'routing_distribution',
  title: 'Routing distribution',
  question: 'Which tier serves how much of the traffic?',
  visual: 'stacked bars',
  keys: ['tier'],
  columns: [
    share('call_share', 'share', { type: 'Float64', of: 'calls', least: 20, band: [0.5, 0.7] }),
    counted('tier_calls', 'calls'),
    counted('calls', 'of calls'),
  ],
  empty: noCalls,
};

const tagScoreboard: Panel = {
  id: 'tag_scoreboard',
  title: 'Scoreboard',
  question: 'Which job should be looked at first?',
  visual: 'table',
  keys: ['tag'],
  columns: [
    counted('calls', 'calls'),
    share('fallback_rate', 'fallback rate', { of: 'checked_calls', least: 50, thresholds: [0.02, 0.05] }),
    share('last_hour_fallback_rate', 'in the last hour', {
      of: 'last_hour_checked_calls',
      least: 20,
      thresholds: [0.02, 0.05],
    }),
    score('lowest_score', 'lowest mean score', { of: 'scores', least: 10 }),
    usd('cost_per_1000_calls_usd', 'cost of 1,000', { type: 'Nullable(Float64)', of: 'priced_calls', least: 20 }),
    seconds('p95_s', 'p95', { type: 'Float32', of: 'calls', least: 100 }),
    counted('checked_calls', 'of checked'),
    counted('last_hour_checked_calls', 'of checked in the last hour'),
    counted('scores', 'scores'),
    counted('priced_calls', 'priced calls'),
  ],
  empty: noCalls,
};

const setupHealth: Panel = {
  id: 'setup_health',
  title: 'Setup health',
  question: 'Can these screens be trusted?',
  visual: 'stats',
  keys: [],
  columns: [
    share('tagged_share', 'calls with a tag', { type: 'Float64', of: 'calls', thresholds: [0.95, 0.8] }),
    share('checked_share', 'calls checked', { type: 'Float64', of: 'calls' }),
    share('priced_share', 'calls with a price', { type: 'Float64', of: 'calls', thresholds: [0.99, 0.9] }),
    seconds('newest_call_age_s', 'since the newest call', { type: 'Int64', thresholds: [900, 3600] }),
    counted('missing_spans', 'spans lost on the way', { type: 'Nullable(Int64)', thresholds: [1, 100] }),
    counted('calls', 'calls'),
  ],
  empty: noCalls,
};

const ledger: Panel = {
  id: 'ledger',
  title: 'Ledger of the sidecars',
  question:
    'Is every span accounted for that a sidecar received since it started? (As last told, whatever the range: received = stored + duplicate + rejected + queued + set aside.)',
  visual: 'table',
  keys: ['sidecar', 'target', 'started', 'told'],
  columns: [
    counted('received', 'received'),
    counted('stored', 'stored'),
    counted('duplicate', 'duplicate'),
    counted('rejected', 'rejected', { thresholds: [1, 1_000] }),
    counted('queued', 'queued', { thresholds: [100_000, 1_000_000] }),
    counted('set_aside', 'set aside', { thresholds: [1, 1_000] }),
    counted('unaccounted', 'unaccounted', { type: 'Int64', thresholds: [1, 1] }),
  ],
  empty:
    'No span received since a sidecar started: what it takes it tells here, also what it does with it (see routescope doctor).',
};

export const overview: readonly Panel[] = [
  costPerSession,
  scorePerTag,
  fallbackRate,
  humanOverrideRate,
  rangeInNumbers,
  routingDistribution,
  tagScoreboard,
  setupHealth,
  ledger,
];
