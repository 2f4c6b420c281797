/** The panels, in the order in which every screen shows them. */
import type { Panel } from './definition.ts';

const noCalls =
  'No calls yet: wrap the client with observe() and start(), or send OTLP traces to the sidecar, by default at http://127.0.0.1:4318/v1/traces.';

export const panels: readonly Panel[] = [
  {
    id: 'cost_per_session',
    title: 'Cost per session by tag',
    question: 'Which job makes a session expensive?',
    visual: 'stacked lines',
    keys: ['tag'],
    columns: [
      {
        name: 'cost_per_session_usd',
        title: 'cost/session',
        unit: 'usd',
        type: 'Nullable(Float64)',
        of: 'sessions',
        least: 5,
      },
      { name: 'sessions', title: 'sessions', unit: 'count', type: 'UInt64' },
      { name: 'session_cost_usd', title: 'cost', unit: 'usd', type: 'Nullable(Decimal(38, 12))' },
      { name: 'session_priced_calls', title: 'priced calls', unit: 'count', type: 'UInt64' },
      { name: 'session_calls', title: 'of calls', unit: 'count', type: 'UInt64' },
    ],
    empty:
      'No priced calls in sessions yet: run the work of one session inside withSession(id, fn), or set gen_ai.conversation.id on the spans.',
  },
  {
    id: 'score_per_tag',
    title: 'Score per tag by its own rubric',
    question: 'Is each job still good by its own yardstick?',
    visual: 'lines',
    keys: ['tag', 'score_name'],
    columns: [
      { name: 'mean_score', title: 'mean score', unit: 'score', type: 'Nullable(Float64)', of: 'scores', least: 10 },
      { name: 'scores', title: 'scores', unit: 'count', type: 'UInt64' },
    ],
    empty: 'No scores yet: send one with score(call, { name, value }), or POST it to the sidecar at /v1/scores.',
  },
  {
    id: 'fallback_rate',
    title: 'Fallback rate per tag',
    question: 'Is the first choice of model still good enough for each job?',
    visual: 'lines',
    keys: ['tag'],
    columns: [
      {
        name: 'fallback_rate',
        title: 'fallback rate',
        unit: 'share',
        type: 'Nullable(Float64)',
        of: 'checked_calls',
        least: 50,
        thresholds: [0.02, 0.05],
      },
      { name: 'fallbacks', title: 'fallbacks', unit: 'count', type: 'UInt64' },
      { name: 'checked_calls', title: 'of checked', unit: 'count', type: 'UInt64' },
      {
        name: 'failover_rate',
        title: 'failover rate',
        unit: 'share',
        type: 'Nullable(Float64)',
        of: 'calls',
        least: 50,
      },
      { name: 'failovers', title: 'failovers', unit: 'count', type: 'UInt64' },
      { name: 'calls', title: 'of calls', unit: 'count', type: 'UInt64' },
    ],
    empty:
      'No checked answers yet: give the route a validator and a second tier, so that a rejected first answer has somewhere to go.',
  },
  {
    id: 'human_override_rate',
    title: 'Human-override rate per tag',
    question: 'Do people reject what we show them?',
    visual: 'lines',
    keys: ['tag'],
    columns: [
      {
        name: 'human_override_rate',
        title: 'override rate',
        unit: 'share',
        type: 'Float64',
        of: 'shown_calls',
        least: 20,
      },
      { name: 'overridden_calls', title: 'overridden', unit: 'count', type: 'UInt64' },
      { name: 'shown_calls', title: 'of shown', unit: 'count', type: 'UInt64' },
    ],
    empty:
      "No outputs seen by a human yet: call shown(call) where a person sees the answer, and score(call, { name: 'human_override', value: 1 }) where they replace or reject it.",
  },
  {
    id: 'savings',
    title: 'Savings against no routing',
    question:
      'What does routing save, against every call at its baseline model? (an estimate: the same tokens at other prices)',
    visual: 'stats',
    keys: [],
    columns: [
      {
        name: 'saved_share',
        title: 'share saved',
        unit: 'share',
        type: 'Nullable(Float64)',
        of: 'compared_calls',
        least: 20,
      },
      { name: 'saved_usd', title: 'saved', unit: 'usd', type: 'Nullable(Decimal(38, 12))' },
      { name: 'cost_usd', title: 'cost', unit: 'usd', type: 'Nullable(Decimal(38, 12))' },
      { name: 'baseline_cost_usd', title: 'no routing', unit: 'usd', type: 'Nullable(Decimal(38, 12))' },
      { name: 'compared_share', title: 'share compared', unit: 'share', type: 'Nullable(Float64)', of: 'calls' },
      { name: 'compared_calls', title: 'compared calls', unit: 'count', type: 'UInt64' },
      { name: 'calls', title: 'of calls', unit: 'count', type: 'UInt64' },
    ],
    empty:
      "No call can be compared yet: name the route's baseline model (baseline: 'gpt-4o'), and give prices for models the catalog does not know.",
  },
  {
    id: 'latency_per_tier',
    title: 'Latency per tier',
    question: 'How long do people wait, by the tier that served the call?',
    visual: 'table',
    keys: ['tier'],
    // A percentile needs about five calls beyond it; with fewer it is the slowest call under another name.
    columns: [
      { name: 'p50_s', title: 'p50', unit: 's', type: 'Float32', of: 'calls', least: 10 },
      { name: 'p95_s', title: 'p95', unit: 's', type: 'Float32', of: 'calls', least: 100 },
      { name: 'p99_s', title: 'p99', unit: 's', type: 'Float32', of: 'calls', least: 500 },
      { name: 'calls', title: 'calls', unit: 'count', type: 'UInt64' },
    ],
    empty: noCalls,
  },
  {
    id: 'routing_distribution',
    title: 'Routing distribution',
    question: 'Which tier serves how much of the traffic?',
    visual: 'stacked bars',
    keys: ['tier'],
    columns: [
      { name: 'call_share', title: 'share', unit: 'share', type: 'Float64', of: 'calls', least: 20 },
      { name: 'tier_calls', title: 'calls', unit: 'count', type: 'UInt64' },
      { name: 'calls', title: 'of calls', unit: 'count', type: 'UInt64' },
    ],
    empty: noCalls,
  },
];
