export type { Band, Cost, Fees, Offer, Price, Rates, TierRates } from './cost.ts';
export { asNested, asSaid, costOf, exactPico, sumCosts, usd } from './cost.ts';
export type { Nested, Served, Usage } from './usage.ts';
export { isKnown, unknownUsage } from './usage.ts';
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
