/** The call span: one per routed request, carrying the call's facts whole, so that a call row needs no join. */
import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import { asNested, type Cost, costOf, type Outcome, sumCosts, unknownUsage, usd } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import type { Inference } from '../context.ts';
import { measureCall } from '../metrics.ts';
import { errorType } from '../observe/ending.ts';
import { present } from '../observe/facts.ts';
import { costAttributes } from '../observe/inference.ts';
import { priceOf } from '../prices.ts';
import { endSpan } from '../sequence.ts';
import type { Clock } from '../telemetry.ts';
import type { ChatVia } from './adapters.ts';
import { type Attempt, type AttemptRecord, verdictAttributes } from './attempt.ts';
import type { Placement } from './place.ts';
import type { Deployment, Route } from './routes.ts';

/** Names a routed call for whoever judges it later. Plain JSON, so that it can travel to another process. */
export interface CallRef {
  /** The call span's id, 16 hex digits. */
  readonly id: string;
  readonly traceId: string;
  readonly sessionId: string;
  readonly tag: string;
  /** The tier and model that served it, or were tried last. */
  readonly tier: string;
  readonly model: string;
  /** Epoch ms. */
  readonly startedAt: number;
}

export interface Finished {
  readonly tag: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly route: Route;
  /** What deciding and checking took, in calls of their own. */
  readonly decision: Decided | undefined;
  readonly validationCost: Cost | undefined;
  /** Deployments passed over. */
  readonly passed: Placement['passed'];
  readonly records: readonly AttemptRecord[];
  readonly attempts: readonly Attempt[];
  readonly outcome: Outcome;
  readonly error: unknown;
}

export interface Decided {
  /** Until the first tier was picked. */
  readonly seconds: number;
  /** Of the classifier, where one was asked. */
  readonly cost: Cost | undefined;
}

/** What the call's attempts cost together. */
export const costOfCall = (attempts: readonly Attempt[]): Cost =>
  sumCosts(attempts.map((attempt) => attempt.cost ?? costOf(unknownUsage, undefined)));

/** Writes the call's facts on its span and ends it. */
export function finishCall(span: Span, finished: Finished, book: PriceBook, clock: Clock): void {
  const endedAt = clock();
  const facts = callAttributes(finished, book, endedAt);
  if (finished.outcome === 'failed') {
    const failure = errorType(finished.error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    facts['error.type'] = failure;
  }
  endSpan(span, endedAt, facts);
  const { tag, outcome, startedAt } = finished;
  measureCall({ tag, outcome, durationS: (endedAt - startedAt) / 1000, facts });
}

function callAttributes(finished: Finished, book: PriceBook, at: number): Attributes {
  const { route, records, attempts, outcome, decision, validationCost, passed } = finished;
  const first = records[0];
  const last = records.at(-1);
  const firstAnswer = records.find((record) => record.verdict !== undefined);
  const cause = (reason: AttemptRecord['reason']): string | undefined => {
    const index = records.findIndex((record) => record.reason === reason);
    return index > 0 ? records[index - 1]?.cause : undefined;
  };
  const count = (reason: AttemptRecord['reason']): number =>
    records.filter((record) => record.reason === reason).length;
  const served = outcome === 'accepted' ? attempts.at(-1)?.inferences : undefined;
  const cost = costOfCall(attempts);
  const baseline = served && route.baseline ? baselineCost(route, route.baseline, served, book, at) : undefined;
  return {
    ...present({
      'routescope.first.tier.name': first?.tier.name,
      'routescope.first.tier.rank': first?.rank,
      'routescope.first.model': first?.model,
      'routescope.final.tier.name': last?.tier.name,
      'routescope.final.tier.rank': last?.rank,
      'routescope.final.model': last?.model,
      'routescope.fallback.cause': cause('fallback'),
      'routescope.failover.cause': cause('failover'),
      'routescope.baseline.model': route.baseline,
      'routescope.quality.bar': route.qualityBar,
      'routescope.decision.duration': decision?.seconds,
      'routescope.decision.cost': usdOf(decision?.cost),
      'routescope.validation.cost': usdOf(validationCost),
      'routescope.divert.cause': passed[0]?.cause,
    }),
    'routescope.attempt.count': records.length,
    'routescope.divert.count': passed.length,
    'routescope.retry.count': count('retry'),
    'routescope.rerun.count': count('rerun'),
    'routescope.fallback.count': count('fallback'),
    'routescope.failover.count': count('failover'),
    // In the denominator of the fallback rate: there was a higher tier to fall back to, and somebody looked.
    'routescope.checked':
      firstAnswer !== undefined &&
      firstAnswer.rank < route.tiers.length - 1 &&
      firstAnswer.verdict?.result !== 'none' &&
      !firstAnswer.isLate,
    'routescope.escalated': outcome === 'accepted' && (last?.rank ?? 0) > (first?.rank ?? 0),
    'routescope.outcome': outcome,
    ...(last?.verdict ? verdictAttributes(last.verdict) : { 'routescope.validation.result': 'none' }),
    // The parts stand on the attempts.
    ...costAttributes({ ...asNested(cost), nestedPico: null }),
    ...present({ 'routescope.baseline.cost': usdOf(baseline) }),
  };
}

const usdOf = (cost: Cost | undefined): number | undefined =>
  cost?.totalPico == null ? undefined : usd(cost.totalPico);

/** The served answer's tokens at the baseline model: what "no routing" would have cost. Unknown without a price. */
function baselineCost(
  route: Route,
  model: string,
  served: readonly Inference[],
  book: PriceBook,
  at: number,
): Cost | undefined {
  const deployments = route.tiers.flatMap(
    (tier): readonly Pick<Deployment, 'model' | 'via'>[] => tier.deployments ?? [tier],
  );
  const via = deployments.find((candidate) => candidate.model === model)?.via;
  const { server } = (via ?? {}) as Partial<ChatVia>;
  const asked = served[0];
  const places = [server, asked, { provider: 'openai', host: '' }, { provider: 'anthropic', host: '' }];
  for (const place of places) {
    const price =
      place &&
      priceOf(book, { provider: place.provider, host: place.host, requestModel: model, responseModel: undefined, at });
    if (price) return sumCosts(served.map((inference) => costOf(inference.usage, price)));
  }
  return undefined;
}
