export type { Band, Cost, Price, Rates } from './cost.ts';
export { costOf, sumCosts, usd } from './cost.ts';
export type { Usage } from './usage.ts';
export { unknownUsage } from './usage.ts';
export type {
  AttemptCause,
  AttemptReason,
  Catcher,
  CostSource,
  CostStatus,
  Outcome,
  Policy,
  ProviderCause,
  QualityCause,
  StreamOutcome,
  UsageSource,
  ValidationResult,
} from './vocabulary.ts';
export {
  attemptReasons,
  catchers,
  costSources,
  costStatuses,
  outcomes,
  policies,
  providerCauses,
  qualityCauses,
  scoreNames,
  streamOutcomes,
  usageSources,
  validationResults,
} from './vocabulary.ts';
export type { Attribute, ColumnType, Row, SpanColumn, Word } from './words.ts';
export { spanColumns, words } from './words.ts';
