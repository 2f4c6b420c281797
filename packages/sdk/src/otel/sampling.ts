/**
 * Sampling that numbers can bear. OpenTelemetry's own ratio sampler keeps a share of the traces and says nowhere how
 * large it was; here each trace kept says it (`ot=th:` of the trace state), and every count is weighted with it.
 */
import {
  type Attributes,
  type Context,
  createTraceState,
  TraceFlags,
  type TraceState,
  trace,
} from '@opentelemetry/api';

/** Fits where OpenTelemetry's SDKs take a Sampler. */
export interface Sampler {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    // biome-ignore lint/suspicious/noExplicitAny: kinds and links differ between the SDK's versions; neither is looked at.
    spanKind: any,
    attributes: Attributes,
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    links: any,
  ): { decision: number; attributes?: Readonly<Attributes>; traceState?: TraceState };
  toString(): string;
}

/** The SDK's SamplingDecision. */
const drop = 0;
const keep = 2;

/** Of 2^56 random values, how many a threshold lets through. */
const values = 2n ** 56n;

/**
 * Keeps that share of the traces, whole, and says so in each.
 * @param share from 0 to 1.
 * @throws RangeError when it is not.
 */
export function keepShare(share: number): Sampler {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`sampling: found ${share}, expected a share from 0 to 1`);
  const rejected = values - BigInt(Math.round(share * 2 ** 53)) * 8n;
  const threshold = rejected.toString(16).padStart(14, '0').replace(/0+$/, '') || '0';
  return {
    shouldSample(context, traceId) {
      const parent = trace.getSpanContext(context);
      // A trace is kept whole: the one who began it has decided.
      if (parent && trace.isSpanContextValid(parent))
        return { decision: parent.traceFlags & TraceFlags.SAMPLED ? keep : drop };
      if (BigInt(`0x${traceId.slice(-14)}`) < rejected) return { decision: drop };
      return { decision: keep, traceState: withThreshold(undefined, threshold) };
    },
    toString: () => `KeepShare{${share}}`,
  };
}

/**
 * Records every routed call and every inference, whatever `sampler` says of the rest; each of them then stands for
 * itself alone. What happens inside of them (their HTTP spans) comes along.
 */
export const everyCall = (sampler: Sampler): Sampler => ({
  shouldSample(context, traceId, spanName, spanKind, attributes, links) {
    const decided = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
    if (!isCall(attributes)) return decided;
    const soFar = decided.traceState ?? trace.getSpanContext(context)?.traceState;
    return { ...decided, decision: keep, traceState: withThreshold(soFar, '0') };
  },
  toString: () => `EveryCall{${sampler.toString()}}`,
});

const isCall = (attributes: Attributes): boolean =>
  attributes['gen_ai.operation.name'] !== undefined ||
  attributes['routescope.tag'] !== undefined ||
  attributes['openinference.span.kind'] !== undefined ||
  attributes['ai.operationId'] !== undefined;

/** The trace state with OpenTelemetry's threshold set, and everything else in it left. */
function withThreshold(state: TraceState | undefined, threshold: string): TraceState {
  const others = (state?.get('ot') ?? '').split(';').filter((each) => each !== '' && !each.startsWith('th:'));
  return (state ?? createTraceState()).set('ot', [`th:${threshold}`, ...others].join(';'));
}
