/**
 * Metrics beside spans: the GenAI client metrics of the conventions, and ours with the tag. They go to whatever
 * MeterProvider the app has registered; while there is none, nothing is measured.
 *
 * Their attributes are few and bounded: a model or tag beyond the first that many is `_other`, so that ids that
 * somebody makes up cannot fill the memory of a metrics backend.
 */
import {
  type Attributes,
  type Counter,
  createNoopMeter,
  type Histogram,
  type MeterProvider,
  metrics,
} from '@opentelemetry/api';
import { type Cost, type Outcome, type Usage, usd } from '@routescope/conventions';
import { scopeName } from './observe/scope.ts';

/** What is measured of an inference that has come to its end. */
export interface Measured {
  readonly operation: string;
  readonly provider: string;
  readonly requestModel: string;
  readonly responseModel: string | undefined;
  readonly address: string;
  readonly port: number;
  readonly errorType: string | undefined;
  readonly durationS: number;
  readonly timeToFirstChunkS: number | undefined;
  readonly usage: Usage;
  readonly cost: Cost;
  /** The route's facts, on every span of the attempt; `routescope.tag` alone outside a route. */
  readonly facts: Attributes;
}

/** What is measured of a routed call that has come to its end. */
export interface MeasuredCall {
  readonly tag: string;
  readonly outcome: Outcome;
  readonly durationS: number;
  /** The call span's attributes. */
  readonly facts: Attributes;
}

const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

/** The operations that the conventions call inference; the others have a duration of their own name. */
const inferences = new Set(['chat', 'generate_content', 'text_completion']);

interface Instruments {
  readonly inferenceDuration: Histogram;
  readonly operationDuration: Histogram;
  readonly timeToFirstChunk: Histogram;
  readonly timePerOutputChunk: Histogram;
  readonly inputTokens: Counter;
  readonly outputTokens: Counter;
  readonly cacheReadTokens: Counter;
  readonly cacheWriteTokens: Counter;
  readonly reasoningTokens: Counter;
  readonly inputTokensPerCall: Histogram;
  readonly outputTokensPerCall: Histogram;
  readonly attempts: Counter;
  readonly cost: Counter;
  readonly calls: Counter;
  readonly callDuration: Histogram;
  readonly checked: Counter;
  readonly fallbacks: Counter;
  readonly failovers: Counter;
}

let known: MeterProvider | undefined;
let instruments: Instruments | undefined;

/** Undefined while nobody listens: then measuring costs one comparison. */
function current(): Instruments | undefined {
  const provider = metrics.getMeterProvider();
  if (provider !== known) {
    known = provider;
    instruments = undefined;
    instruments = make(provider);
  }
  return instruments;
}

function make(provider: MeterProvider): Instruments | undefined {
  const meter = provider.getMeter(scopeName);
  // The API's own, which measures nothing: what there is until the app registers a provider.
  if (meter === createNoopMeter()) return undefined;
  const histogram = (name: string, unit: string, description: string, explicitBucketBoundaries: number[]): Histogram =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries } });
  const counter = (name: string, unit: string, description: string): Counter =>
    meter.createCounter(name, { unit, description });
  const client = 'gen_ai.client.inference';
  return {
    inferenceDuration: histogram(`${client}.duration`, 's', 'How long an inference took, to its last byte', seconds),
    operationDuration: histogram('gen_ai.client.operation.duration', 's', 'The same of other operations', seconds),
    timeToFirstChunk: histogram(`${client}.time_to_first_chunk`, 's', 'From the request to the first chunk', seconds),
    timePerOutputChunk: histogram(`${client}.time_per_output_chunk`, 's', 'Between chunks after the first', seconds),
    inputTokens: counter(`${client}.usage.input_tokens`, '{token}', 'Tokens read, cache included'),
    outputTokens: counter(`${client}.usage.output_tokens`, '{token}', 'Tokens written, reasoning included'),
    cacheReadTokens: counter(`${client}.usage.cache_read.input_tokens`, '{token}', 'Of the input, read from the cache'),
    cacheWriteTokens: counter(
      `${client}.usage.cache_write.input_tokens`,
      '{token}',
      'Of the input, written to the cache',
    ),
    reasoningTokens: counter(`${client}.usage.reasoning.output_tokens`, '{token}', 'Of the output, spent on reasoning'),
    inputTokensPerCall: histogram(`${client}.operation.input_tokens`, '{token}', 'Tokens read by an inference', tokens),
    outputTokensPerCall: histogram(`${client}.operation.output_tokens`, '{token}', 'Tokens written by one', tokens),
    attempts: counter('routescope.client.attempts', '{attempt}', 'Inferences, by tag, tier, reason and outcome'),
    cost: counter('routescope.client.cost', 'USD', 'What inferences cost, by tag, tier and model, where it is known'),
    calls: counter('routescope.client.calls', '{call}', 'Routed calls, by tag and outcome'),
    callDuration: histogram('routescope.client.call.duration', 's', 'How long a routed call took', seconds),
    checked: counter(
      'routescope.client.checked',
      '{call}',
      'Routed calls whose first answer was below the top and checked',
    ),
    fallbacks: counter('routescope.client.fallbacks', '{call}', 'Routed calls with a fallback'),
    failovers: counter('routescope.client.failovers', '{call}', 'Routed calls with a failover'),
  };
}

/** At most that many different values of one attribute. */
const mostValues = 100;

function bounded(): (value: unknown) => string {
  const seen = new Set<string>();
  return (value) => {
    const text = typeof value === 'string' ? value : '';
    if (seen.has(text)) return text;
    if (seen.size >= mostValues) return '_other';
    seen.add(text);
    return text;
  };
}

const model = bounded();
const tagOf = bounded();
const tierOf = bounded();
const errorOf = bounded();
const addressOf = bounded();

/** Whether anybody listens: what is measured need not be gathered otherwise. */
export const isMeasuring = (): boolean => current() !== undefined;

export function measure(of: Measured): void {
  const on = current();
  if (on === undefined) return;
  const { usage, cost, facts } = of;
  const common: Attributes = {
    'gen_ai.operation.name': of.operation,
    'gen_ai.provider.name': of.provider,
    'server.address': addressOf(of.address),
    'server.port': of.port,
    ...(of.requestModel && { 'gen_ai.request.model': model(of.requestModel) }),
    ...(of.responseModel !== undefined && { 'gen_ai.response.model': model(of.responseModel) }),
  };
  const ended = of.errorType === undefined ? common : { ...common, 'error.type': errorOf(of.errorType) };
  const isInference = inferences.has(of.operation);
  (isInference ? on.inferenceDuration : on.operationDuration).record(of.durationS, ended);
  if (of.timeToFirstChunkS !== undefined) on.timeToFirstChunk.record(of.timeToFirstChunkS, common);
  if (isInference) {
    measureTokens(on, usage, common, of.errorType !== undefined);
    if (usage.inputTokens !== null) on.inputTokensPerCall.record(usage.inputTokens, ended);
    if (usage.outputTokens !== null) on.outputTokensPerCall.record(usage.outputTokens, ended);
  }
  if (cost.totalPico !== null)
    on.cost.add(usd(cost.totalPico), {
      ...placeOf(facts),
      'gen_ai.response.model': model(of.responseModel ?? of.requestModel),
    });
}

/** Counts an attempt once its verdict is known. @param facts the route's, as in `Measured`. */
export function measureAttempt(facts: Attributes, outcome: Outcome): void {
  current()?.attempts.add(1, {
    ...placeOf(facts),
    'routescope.attempt.reason': facts['routescope.attempt.reason'] ?? 'first',
    'routescope.outcome': outcome,
  });
}

const placeOf = (facts: Attributes): Attributes => ({
  'routescope.tag': tagOf(facts['routescope.tag']),
  'routescope.tier.name': tierOf(facts['routescope.tier.name']),
});

/** Every modality that was told apart has its own count; what was not is `unknown`. */
function measureTokens(on: Instruments, usage: Usage, common: Attributes, hasFailed: boolean): void {
  const add = (counter: Counter, total: number | null, ...parts: (readonly [string, number | undefined])[]): void => {
    if (total === null) {
      if (hasFailed) counter.add(0, { ...common, 'gen_ai.token.modality': 'unknown' });
      return;
    }
    let rest = total;
    for (const [modality, count = 0] of parts) {
      if (count === 0) continue;
      counter.add(count, { ...common, 'gen_ai.token.modality': modality });
      rest -= count;
    }
    if (rest > 0 || rest === total) counter.add(Math.max(0, rest), { ...common, 'gen_ai.token.modality': 'unknown' });
  };
  add(
    on.inputTokens,
    usage.inputTokens,
    ['text', usage.textInputTokens],
    ['audio', usage.audioInputTokens],
    ['image', usage.imageInputTokens],
  );
  add(
    on.outputTokens,
    usage.outputTokens,
    ['text', usage.textOutputTokens],
    ['audio', usage.audioOutputTokens],
    ['image', usage.imageOutputTokens],
  );
  if (usage.cacheReadTokens) add(on.cacheReadTokens, usage.cacheReadTokens);
  if (usage.cacheWriteTokens) add(on.cacheWriteTokens, usage.cacheWriteTokens);
  if (usage.reasoningTokens) add(on.reasoningTokens, usage.reasoningTokens, ['text', usage.reasoningTokens]);
}

/** Takes the time between two chunks; undefined while nobody listens, so that a stream pays for it only then. */
export function chunkTimer(
  operation: string,
  provider: string,
  requestModel: string,
): ((gapS: number) => void) | undefined {
  const on = current();
  if (on === undefined) return undefined;
  const attributes: Attributes = {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': provider,
    ...(requestModel && { 'gen_ai.request.model': model(requestModel) }),
  };
  return (gapS) => on.timePerOutputChunk.record(gapS, attributes);
}

export function measureCall(of: MeasuredCall): void {
  const on = current();
  if (on === undefined) return;
  const { facts } = of;
  const tag = { 'routescope.tag': tagOf(of.tag) };
  on.calls.add(1, { ...tag, 'routescope.outcome': of.outcome, 'routescope.escalated': facts['routescope.escalated'] });
  on.callDuration.record(of.durationS, { ...tag, 'routescope.outcome': of.outcome });
  // Denominator and numerator of the fallback rate, and the failovers that are never mixed in.
  if (facts['routescope.checked']) on.checked.add(1, tag);
  if (facts['routescope.fallback.count']) on.fallbacks.add(1, tag);
  if (facts['routescope.failover.count']) on.failovers.add(1, tag);
}
