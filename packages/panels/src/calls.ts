/** Calls: how long people wait, and one call after the other, down to its trace. */
import { counted, noCalls, seconds, usd } from './columns.ts';
import type { Panel } from './definition.ts';

// A percentile needs about five calls beyond it; with fewer it is the slowest call under another name.
const percentile = { p50: 10, p95: 100, p99: 500 } as const;
const noSessions =
  'No calls in sessions yet: run the work of one session inside withSession(id, fn), or set gen_ai.conversation.id on the spans.';

export const latencyPerTier: Panel = {
  id: 'latency_per_tier',
  title: 'Latency per tier',
  question: 'How long do people wait, by the tier that served the call?',
  visual: 'table',
  keys: ['tier'],
  columns: [
    seconds('p50_s', 'p50', { type: 'Float32', of: 'calls', least: percentile.p50 }),
    seconds('p95_s', 'p95', { type: 'Float32', of: 'calls', least: percentile.p95 }),
    seconds('p99_s', 'p99', { type: 'Float32', of: 'calls', least: percentile.p99 }),
    counted('calls', 'calls'),
  ],
  empty: noCalls,
};

const latencyOverTime: Panel = {
  id: 'latency_over_time',
  title: 'Slowest calls in twenty, per tier',
  question: 'Did a tier become slower? (p95)',
  visual: 'lines',
  keys: ['tier'],
  columns: [
    seconds('p95_s', 'p95', { type: 'Float32', of: 'calls', least: 20 }),
    seconds('p50_s', 'p50', { type: 'Float32', of: 'calls' }),
    seconds('p99_s', 'p99', { type: 'Float32', of: 'calls' }),
    counted('calls', 'calls'),
  ],
  empty: noCalls,
};

const sessionTime: Panel = {
  id: 'session_time',
  title: 'Time of a session, end to end',
  question: 'How long does a person wait for all of it?',
  visual: 'lines',
  keys: [],
  columns: [
    seconds('p50_s', 'p50', { of: 'sessions', least: percentile.p50 }),
    seconds('p95_s', 'p95', { of: 'sessions', least: 20, line: true }),
    seconds('p99_s', 'p99', { of: 'sessions', least: 20, line: true }),
    counted('sessions', 'sessions'),
  ],
  empty: noSessions,
};

const durationHeatmap: Panel = {
  id: 'duration_heatmap',
  title: 'Durations',
  question: 'Is there a second hump that a percentile hides?',
  visual: 'heatmap',
  keys: ['duration_range'],
  columns: [counted('calls', 'calls')],
  empty: noCalls,
};

const timeToFirstChunk: Panel = {
  id: 'time_to_first_chunk',
  title: 'Time to first chunk',
  question: 'How long until a stream begins to show? (p95)',
  visual: 'lines',
  keys: ['request_model'],
  columns: [
    seconds('p95_to_first_chunk_s', 'p95', { type: 'Float32', of: 'attempts', least: 20 }),
    seconds('p50_to_first_chunk_s', 'p50', { type: 'Float32', of: 'attempts' }),
    counted('attempts', 'attempts'),
  ],
  empty: 'No streams yet: ask the model with stream: true, and read the answer through the observed client.',
};

const addedByFallbacks: Panel = {
  id: 'added_by_fallbacks',
  title: 'Time added by fallbacks and failovers',
  question: 'How much longer does a rescued call take than a plain one?',
  visual: 'table',
  keys: ['tag'],
  columns: [
    seconds('added_s', 'added', { of: 'rescued_calls', least: 5 }),
    seconds('p50_rescued_s', 'p50 rescued', { of: 'rescued_calls', least: 5 }),
    seconds('p50_plain_s', 'p50 plain', { of: 'calls', least: 10 }),
    counted('rescued_calls', 'rescued'),
    counted('calls', 'of calls'),
  ],
  empty: 'No rescued calls here: nothing was rejected and no provider failed, or routes have one tier only.',
};

const routerOverhead: Panel = {
  id: 'router_overhead',
  title: 'What routing takes itself',
  question: 'How much of a call is choosing and checking?',
  visual: 'lines',
  keys: [],
  columns: [
    seconds('p50_overhead_s', 'p50', { of: 'calls', least: percentile.p50 }),
    seconds('p95_overhead_s', 'p95', { of: 'calls', least: 20, line: true }),
    seconds('p99_overhead_s', 'p99', { of: 'calls', least: 20, line: true }),
    seconds('p95_decision_s', 'p95 of choosing alone', {
      type: 'Nullable(Float64)',
      of: 'calls',
      least: 20,
      line: true,
    }),
    counted('calls', 'calls of one attempt'),
  ],
  empty: 'No routed calls yet: send them through createRouter(routes({ … })).route(tag, …).',
};

const callsByOutcome: Panel = {
  id: 'calls_by_outcome',
  title: 'Calls by outcome',
  question: 'How do calls end?',
  visual: 'stacked bars',
  keys: ['outcome'],
  columns: [counted('calls', 'calls')],
  empty: noCalls,
};

const newestCalls: Panel = {
  id: 'newest_calls',
  title: 'Calls',
  question: 'What happened, call by call? (the newest 200; choose a trace to see it below)',
  visual: 'list',
  keys: [
    'trace_id',
    'tag',
    'first_model',
    'tier',
    'final_model',
    'outcome',
    'validation_result',
    'cause',
    'session_id',
  ],
  columns: [
    counted('attempts', 'attempts', { type: 'UInt16' }),
    seconds('duration_s', 'duration'),
    usd('cost_usd', 'cost', { type: 'Nullable(Decimal(18, 12))' }),
  ],
  empty: noCalls,
};

const noTrace = 'No trace is chosen: choose one in the table of calls, or put its id into the field above.';

const trace: Panel = {
  id: 'trace',
  title: 'The trace',
  question: 'What did the call wait for?',
  visual: 'trace',
  keys: [],
  columns: [],
  empty: noTrace,
};

const attemptsOfTrace: Panel = {
  id: 'attempts_of_trace',
  title: 'Its attempts',
  question: 'Which models were tried, and why?',
  visual: 'list',
  keys: [
    'tag',
    'tier',
    'request_model',
    'attempt_reason',
    'attempt_cause',
    'outcome',
    'validation_result',
    'error_type',
  ],
  columns: [
    counted('attempt_number', 'attempt', { type: 'Nullable(UInt16)' }),
    counted('input_tokens', 'input tokens', { type: 'Nullable(UInt64)' }),
    counted('output_tokens', 'output tokens', { type: 'Nullable(UInt64)' }),
    seconds('duration_s', 'duration'),
    usd('cost_usd', 'cost', { type: 'Nullable(Decimal(18, 12))' }),
  ],
  empty: noTrace,
};

export const calls: readonly Panel[] = [
  latencyPerTier,
  latencyOverTime,
  sessionTime,
  durationHeatmap,
  timeToFirstChunk,
  addedByFallbacks,
  routerOverhead,
  callsByOutcome,
  newestCalls,
  trace,
  attemptsOfTrace,
];
