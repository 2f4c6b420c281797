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
  Ending,
  EventKind,
  Outcome,
  Policy,
  ProviderCause,
  QualityCause,
  ReportedEventKind,
  StreamOutcome,
  UsageSource,
  ValidationResult,
} from './vocabulary.ts';
export {
  attemptReasons,
  catchers,
  costSources,
  costStatuses,
  endings,
  eventKinds,
  outcomes,
  policies,
  providerCauses,
  qualityCauses,
  reportedEventKinds,
  scoreNames,
  streamOutcomes,
  usageSources,
  validationResults,
} from './vocabulary.ts';
export type { Attribute, ColumnType, Row, SpanColumn, Word } from './words.ts';
export { spanColumns, words } from './words.ts';
