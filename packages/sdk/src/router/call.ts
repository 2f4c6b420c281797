/** The call span: one per routed request, carrying the call's facts whole, so that a call row needs no join. */
import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import { asNested, type Cost, costOf, type Outcome, sumCosts, unknownUsage, usd } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import type { Inference } from '../context.ts';
import { errorType } from '../observe/ending.ts';
import { present } from '../observe/facts.ts';
import { costAttributes } from '../observe/inference.ts';
import { priceOf } from '../prices.ts';
import { endSpan } from '../sequence.ts';
import type { Clock } from '../telemetry.ts';
import type { ChatVia } from './adapters.ts';
import { type Attempt, type AttemptRecord, verdictAttributes } from './attempt.ts';
import type { Route } from './routes.ts';

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
  readonly route: Route;
  readonly records: readonly AttemptRecord[];
  readonly attempts: readonly Attempt[];
  readonly outcome: Outcome;
  readonly error: unknown;
}

/** Writes the call's facts on its span and ends it. */
export function finishCall(span: Span, finished: Finished, book: PriceBook, clock: Clock): void {
  span.setAttributes(callAttributes(finished, book, clock()));
  if (finished.outcome === 'failed') {
    span.setStatus({ code: SpanStatusCode.ERROR, message: errorType(finished.error) });
    span.setAttribute('error.type', errorType(finished.error));
  }
  endSpan(span, clock());
}

function callAttributes({ route, records, attempts, outcome }: Finished, book: PriceBook, at: number): Attributes {
  const first = route.tiers[0];
  const last = records.at(-1);
  const firstAnswer = records.find((record) => record.verdict !== undefined);
  const cause = (reason: AttemptRecord['reason']): string | undefined => {
    const index = records.findIndex((record) => record.reason === reason);
    return index > 0 ? records[index - 1]?.cause : undefined;
  };
  const count = (reason: AttemptRecord['reason']): number =>
    records.filter((record) => record.reason === reason).length;
  const served = outcome === 'accepted' ? attempts.at(-1)?.inferences : undefined;
  const cost: Cost = sumCosts(attempts.map((attempt) => attempt.cost ?? costOf(unknownUsage, undefined)));
  const baseline = served && route.baseline ? baselineCost(route, route.baseline, served, book, at) : undefined;
  return {
    ...present({
      'routescope.first.tier.name': first?.name,
      'routescope.first.tier.rank': 0,
      'routescope.first.model': first?.model,
      'routescope.final.tier.name': last?.tier.name,
      'routescope.final.tier.rank': last?.rank,
      'routescope.final.model': last?.tier.model,
      'routescope.fallback.cause': cause('fallback'),
      'routescope.failover.cause': cause('failover'),
      'routescope.baseline.model': route.baseline,
    }),
    'routescope.attempt.count': records.length,
    'routescope.retry.count': count('retry'),
    'routescope.rerun.count': count('rerun'),
    'routescope.fallback.count': count('fallback'),
    'routescope.failover.count': count('failover'),
    // In the denominator of the fallback rate: there was a higher tier to fall back to, and somebody looked.
    'routescope.checked':
      firstAnswer !== undefined && firstAnswer.rank < route.tiers.length - 1 && firstAnswer.verdict?.result !== 'none',
    'routescope.escalated': outcome === 'accepted' && (last?.rank ?? 0) > 0,
    'routescope.outcome': outcome,
    ...(last?.verdict ? verdictAttributes(last.verdict) : { 'routescope.validation.result': 'none' }),
    // The parts stand on the attempts.
    ...costAttributes({ ...asNested(cost), nestedPico: null }),
    ...present({ 'routescope.baseline.cost': baseline?.totalPico == null ? undefined : usd(baseline.totalPico) }),
  };
}

/** The served answer's tokens at the baseline model: what "no routing" would have cost. Unknown without a price. */
function baselineCost(
  route: Route,
  model: string,
  served: readonly Inference[],
  book: PriceBook,
  at: number,
): Cost | undefined {
  const tier = route.tiers.find((candidate) => candidate.model === model);
  const server = (tier?.via as Partial<ChatVia> | undefined)?.server;
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
