/** Money: what routing saves, where the rest goes, and how much of it is known. */
import { counted, noCalls, noPrices, share, usd } from './columns.ts';
import type { Panel } from './definition.ts';
import { costSpentTwice } from './drift.ts';

const noComparison =
  "No call can be compared yet: name the route's baseline model (baseline: 'gpt-4o'), and give prices for models the catalog does not know.";

export const savings: Panel = {
  id: 'savings',
  title: 'Savings against no routing',
  question:
    'What does routing save, against every call at its baseline model? (an estimate: the same tokens at other prices)',
  visual: 'stats',
  keys: [],
  columns: [
    share('saved_share', 'share saved', { of: 'compared_calls', least: 20 }),
    usd('saved_usd', 'saved'),
    usd('cost_usd', 'cost'),
    usd('baseline_cost_usd', 'no routing'),
    share('compared_share', 'share compared', { of: 'calls' }),
    counted('compared_calls', 'compared calls'),
    counted('calls', 'of calls'),
  ],
  empty: noComparison,
};

const costAgainstNoRouting: Panel = {
  id: 'cost_against_no_routing',
  title: 'Cost against no routing, adding up',
  question: 'How far are we below what the baseline models would have cost? (an estimate)',
  visual: 'lines',
  keys: [],
  columns: [
    usd('cumulative_baseline_cost_usd', 'no routing', { type: 'Decimal(38, 12)' }),
    usd('cumulative_cost_usd', 'cost', { type: 'Decimal(38, 12)', line: true }),
    counted('compared_calls', 'compared calls'),
  ],
  empty: noComparison,
};

const costPace: Panel = {
  id: 'cost_pace',
  title: 'Pace',
  question: 'Is the last day dearer than a day usually is, and what would a month of it be?',
  visual: 'stats',
  keys: [],
  columns: [
    usd('last_day_cost_usd', 'last day', { type: 'Decimal(38, 12)' }),
    usd('mean_day_cost_usd', 'mean day', { type: 'Float64' }),
    usd('month_at_that_pace_cost_usd', '30 such days', { type: 'Float64' }),
    share('priced_share', 'calls with a price', { type: 'Float64', of: 'calls', thresholds: [0.99, 0.9] }),
    counted('calls', 'of calls'),
  ],
  empty: noPrices,
};

const paidCalls = [usd('cost_usd', 'cost'), counted('priced_calls', 'priced calls'), counted('calls', 'of calls')];
const paidAttempts = [
  usd('cost_usd', 'cost'),
  counted('priced_attempts', 'priced attempts'),
  counted('attempts', 'of attempts'),
];

const by = (
  what: string,
  title: string,
  question: string,
  visual: Panel['visual'],
  columns: Panel['columns'],
  more: Partial<Panel> = {},
): Panel => ({ id: `cost_by_${what}`, title, question, visual, keys: [what], columns, empty: noPrices, ...more });

const dearestCalls: Panel = {
  id: 'dearest_calls',
  title: 'The dearest calls',
  question: 'How much of the money goes to a few calls?',
  visual: 'stats',
  keys: [],
  columns: [
    share('dearest_5_percent_cost_share', 'the dearest 5 % cost', { of: 'priced_calls', least: 100 }),
    share('dearest_10_percent_cost_share', 'the dearest 10 % cost', { of: 'priced_calls', least: 100 }),
    usd('dearest_call_cost_usd', 'dearest call', { type: 'Float64' }),
    usd('median_call_cost_usd', 'median call', { type: 'Float64' }),
    counted('priced_calls', 'priced calls'),
  ],
  empty: noPrices,
};

const priceCoverage: Panel = {
  id: 'price_coverage',
  title: 'Models and their prices',
  question: 'Whose cost is known, and whose is missing from every sum?',
  visual: 'table',
  keys: ['provider', 'request_model'],
  columns: [
    share('priced_share', 'share priced', { type: 'Float64', of: 'attempts', thresholds: [0.99, 0.9] }),
    counted('priced_attempts', 'priced'),
    counted('attempts', 'of attempts'),
    counted('input_tokens', 'input tokens'),
    counted('output_tokens', 'output tokens'),
    usd('cost_usd', 'cost'),
  ],
  empty: noCalls,
};

const budgets: Panel = {
  id: 'budgets',
  title: 'Budgets',
  question: 'Which budget warned or was exceeded?',
  visual: 'list',
  keys: ['budget', 'tag', 'state', 'text'],
  columns: [usd('spent_usd', 'spent', { type: 'Float64' }), usd('limit_usd', 'limit', { type: 'Float64' })],
  empty: 'No budget has spoken: declare one in the router, or none has come near its limit in this range.',
};

const dearestSessions: Panel = {
  id: 'dearest_sessions',
  title: 'Dearest sessions',
  question: 'Which sessions cost most?',
  visual: 'list',
  keys: ['trace_id', 'session_id'],
  columns: paidCalls,
  empty:
    'No priced calls in sessions yet: run the work of one session inside withSession(id, fn), or set gen_ai.conversation.id on the spans.',
};

export const money: readonly Panel[] = [
  savings,
  costPace,
  costAgainstNoRouting,
  by('tag', 'Cost by tag', 'Which job spends it?', 'stacked bars', paidCalls),
  by('tier', 'Cost by tier', 'Which tier is paid? (A fallback is paid at both.)', 'stacked bars', paidAttempts),
  by('request_model', 'Cost by model', 'Which model is paid?', 'stacked bars', paidAttempts, { id: 'cost_by_model' }),
  by('feature', 'Cost by feature', 'Which part of the product spends it?', 'bars', paidCalls),
  by('user_segment', 'Cost by user segment', 'Which users is it spent on?', 'bars', paidCalls),
  by('tier', 'Cost by day', 'What does a day cost? (UTC)', 'stacked bars', paidAttempts, {
    id: 'cost_by_day',
    stepSeconds: 86_400,
  }),
  costSpentTwice,
  dearestCalls,
  priceCoverage,
  budgets,
  dearestSessions,
];
