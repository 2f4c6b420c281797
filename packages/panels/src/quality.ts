/** Quality: does the answer hold up, by each job's own rubric, at each tier, and with people? */
import { counted, noChecks, noScores, plain, score, seconds, share, usd } from './columns.ts';
import type { Panel } from './definition.ts';
import { humanOverrideRate, scorePerTag } from './overview.ts';

const scorePerTier: Panel = {
  id: 'score_per_tier',
  title: 'Score per tier',
  question: 'Is the cheap tier as good as the dear one, by the same rubric?',
  visual: 'table',
  keys: ['tag', 'score_name', 'tier'],
  columns: [
    score('mean_score', 'mean score', { of: 'scores', least: 10 }),
    score('low_score', 'from', { of: 'scores', least: 10 }),
    score('high_score', 'to (95 %)', { of: 'scores', least: 10 }),
    counted('scores', 'scores'),
  ],
  empty: noScores,
};

const scoreDistribution: Panel = {
  id: 'score_distribution',
  title: 'Distribution of scores',
  question: 'Does the mean hide two humps?',
  visual: 'bars',
  keys: ['score_range'],
  columns: [counted('scores', 'scores')],
  empty: noScores,
};

const misclassification: Panel = {
  id: 'misclassification',
  title: 'Misclassification',
  question:
    'How often was a cheap answer wrong: rejected, overridden by a person, or below its quality bar? (above 10 %: tune the route)',
  visual: 'table',
  keys: ['tag'],
  columns: [
    share('misclassified_share', 'share', {
      type: 'Float64',
      of: 'judged_calls',
      least: 50,
      thresholds: [0.05, 0.1],
    }),
    share('low_misclassified_share', 'from', { type: 'Float64', of: 'judged_calls', least: 50 }),
    share('high_misclassified_share', 'to (95 %)', { type: 'Float64', of: 'judged_calls', least: 50 }),
    counted('misclassified_calls', 'misclassified'),
    counted('judged_calls', 'of judged'),
  ],
  empty: noChecks,
};

const degradedTags: Panel = {
  id: 'degraded_tags',
  title: 'Degraded tags',
  question: 'Whose score fell in the last day, and by more than chance? (beyond 3 standard errors)',
  visual: 'table',
  keys: ['tag', 'score_name'],
  columns: [
    score('recent_mean_score', 'last day', { of: 'recent_scores', least: 10 }),
    score('earlier_mean_score', 'before', { of: 'earlier_scores', least: 10 }),
    score('change_of_score', 'change', { of: 'recent_scores', least: 10 }),
    plain('standard_errors', 'standard errors', { of: 'recent_scores', least: 10, thresholds: [-2, -3] }),
    counted('recent_scores', 'scores in the last day'),
    counted('earlier_scores', 'scores before'),
  ],
  empty: `${noScores} A comparison needs two in the last day of the range and two before it.`,
};

const scoreCoverage: Panel = {
  id: 'score_coverage',
  title: 'Share of calls scored',
  question: 'Whose quality does nobody measure?',
  visual: 'bars',
  keys: ['tag'],
  columns: [
    share('scored_share', 'share scored', { type: 'Float64', of: 'calls' }),
    counted('scored_calls', 'scored'),
    counted('calls', 'of calls'),
  ],
  empty: noScores,
};

const feedbackLag: Panel = {
  id: 'feedback_lag',
  title: 'How late scores come',
  question: 'For how long is the quality of a call unknown?',
  visual: 'table',
  keys: ['score_name'],
  columns: [
    seconds('p50_lag_s', 'half within', { of: 'scores', least: 10 }),
    seconds('p95_lag_s', '95 % within', { of: 'scores', least: 100 }),
    counted('scores', 'scores'),
  ],
  empty: noScores,
};

const experiments: Panel = {
  id: 'experiments',
  title: 'Experiments',
  question: 'Which arm is better, dearer, slower? (Nothing is decided below 1,000 calls an arm and seven days.)',
  visual: 'table',
  keys: ['experiment', 'arm'],
  columns: [
    share('arm_share', 'share of calls', { type: 'Float64', of: 'calls', least: 100 }),
    plain('split_chance', 'chance of split', { of: 'experiment_sessions', least: 100 }),
    score('mean_score', 'mean score', { of: 'scores', least: 10 }),
    score('low_score', 'from', { of: 'scores', least: 10 }),
    score('high_score', 'to (95 %)', { of: 'scores', least: 10 }),
    usd('cost_per_call_usd', 'cost/call', { type: 'Nullable(Float64)', of: 'priced_calls', least: 20 }),
    share('fallback_rate', 'fallback rate', { of: 'checked_calls', least: 50 }),
    seconds('p95_s', 'p95', { of: 'arm_calls', least: 100 }),
    counted('scores', 'scores'),
    counted('priced_calls', 'priced calls'),
    counted('checked_calls', 'checked calls'),
    counted('arm_calls', 'calls'),
    counted('calls', 'of calls'),
    counted('arm_sessions', 'sessions'),
    counted('experiment_sessions', 'of sessions'),
  ],
  empty: 'No experiment runs: give the router one, and its calls carry experiment and arm.',
};

const lowestScoredCalls: Panel = {
  id: 'lowest_scored_calls',
  title: 'Lowest scores',
  question: 'Where can one read what went wrong?',
  visual: 'list',
  keys: ['trace_id', 'tag', 'score_name', 'tier', 'model', 'scorer'],
  columns: [score('score', 'score')],
  empty: noScores,
};

export const quality: readonly Panel[] = [
  scorePerTag,
  humanOverrideRate,
  degradedTags,
  misclassification,
  scorePerTier,
  experiments,
  scoreDistribution,
  scoreCoverage,
  feedbackLag,
  lowestScoredCalls,
];
