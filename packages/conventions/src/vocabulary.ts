/**
 * The closed vocabularies: what a word of this product may be set to.
 * Each is a const array, so that code, SQL and glossary are checked against one list.
 */

/** How an attempt or a call ended. */
export const outcomes = ['accepted', 'rejected', 'failed', 'canceled'] as const;
export type Outcome = (typeof outcomes)[number];

/** Why an attempt exists. `rerun` and `fallback` follow a rejected answer, `retry` and `failover` a provider's failure. */
export const attemptReasons = ['first', 'retry', 'failover', 'rerun', 'fallback'] as const;
export type AttemptReason = (typeof attemptReasons)[number];

/** What the attempt before died of, when its answer was rejected. */
export const qualityCauses = ['validation_failed', 'low_confidence', 'refusal', 'truncated'] as const;
export type QualityCause = (typeof qualityCauses)[number];

/** What the attempt before died of, when there was no answer to judge. */
export const providerCauses = ['provider_error', 'rate_limited', 'timeout', 'circuit_open'] as const;
export type ProviderCause = (typeof providerCauses)[number];

export type AttemptCause = QualityCause | ProviderCause;

/** Verdict on an answer. `error` means the validator itself broke; `none` that nobody looked. */
export const validationResults = ['pass', 'fail', 'error', 'none'] as const;
export type ValidationResult = (typeof validationResults)[number];

/** How the tier was picked. */
export const policies = ['static', 'rules', 'classifier', 'cascade', 'hybrid'] as const;
export type Policy = (typeof policies)[number];

/** What catches a wrong answer of a route, if anything does. */
export const catchers = ['next-step-validates', 'regex', 'rerun', 'human-sees-it', 'nothing'] as const;
export type Catcher = (typeof catchers)[number];

/**
 * `priced`: every token had a price. `partial`: some had, the total is of those (a floor).
 * `unpriced`: no price for the model, or no usage; the cost is unknown, not 0.
 */
export const costStatuses = ['priced', 'partial', 'unpriced'] as const;
export type CostStatus = (typeof costStatuses)[number];

/** Who said what it cost. */
export const costSources = ['local', 'provider', 'sidecar'] as const;
export type CostSource = (typeof costSources)[number];

/** Who said how many tokens: the provider at the end, an interrupted stream so far, or nobody. */
export const usageSources = ['provider', 'estimated', 'missing'] as const;
export type UsageSource = (typeof usageSources)[number];

/**
 * How an inference came to its end: `complete`, all of the answer was read; `break`, the app stopped reading;
 * `aborted`, the app called it off; `failed` without an answer; `failed_midway`, while the answer was read;
 * `never_awaited`, nobody asked for the answer; `never_read`, nobody read the stream; `abandoned`, somebody began to;
 * `raw`, the app took the raw response to read itself.
 */
export const endings = [
  'complete',
  'break',
  'aborted',
  'failed',
  'failed_midway',
  'never_awaited',
  'never_read',
  'abandoned',
  'raw',
] as const;
export type Ending = (typeof endings)[number];

/** Who ended a stream: the provider (`complete`), the app (`cancelled`), a failure, or nobody who told us. */
export const streamOutcomes = ['complete', 'cancelled', 'error', 'abandoned'] as const;
export type StreamOutcome = (typeof streamOutcomes)[number];

/**
 * What somebody reports to `POST /v1/events`: `deploy` a release of anything, `route_table` and `price` changes,
 * `breaker` a circuit that opened or closed, `budget` one that is nearly or wholly spent; `pin` a baseline given as
 * counts, `accept` the rate of now as the new normal, `silence` no alerts until then.
 */
export const reportedEventKinds = [
  'deploy',
  'route_table',
  'price',
  'breaker',
  'budget',
  'pin',
  'accept',
  'silence',
] as const;
export type ReportedEventKind = (typeof reportedEventKinds)[number];

/**
 * All kinds of events; the product's own are `limit` (beyond which a number has gone wrong), `alarm` (one opened or
 * closed), `claim` (who will tell of it) and `notice` (a message delivered).
 */
export const eventKinds = [...reportedEventKinds, 'limit', 'alarm', 'claim', 'notice'] as const;
export type EventKind = (typeof eventKinds)[number];

/** Names of scores that the product itself understands; all others are the app's own rubrics. */
export const scoreNames = {
  /** A human saw the output; the denominator of the human-override rate. */
  shown: 'shown',
  /** A human replaced or rejected the output they saw. */
  override: 'human_override',
} as const;
