/**
 * `adopt()`: for people who will not wrap. A span processor that puts tag, session, route facts and cost on the
 * inference spans of other instrumentations, so that they count like those of an observed client. It needs
 * OpenTelemetry's SDK 2 or newer, whose processors may still write on a span that is ending.
 */
import { type Attributes, type Context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { isKnown } from '@routescope/conventions';
import type { UserPrices } from '@routescope/conventions/prices';
import { currentFrame, type Frame } from '../context.ts';
import { present } from '../observe/facts.ts';
import { costAttributes } from '../observe/inference.ts';
import { scopeName } from '../observe/scope.ts';
import { bookOf, costAt } from '../prices.ts';
import { numberSpan } from '../sequence.ts';
import { guard } from '../telemetry.ts';
import { operationOf, read, says } from './dialect.ts';

export interface AdoptOptions {
  /** Prices that add to the catalog or replace it; else the process's own (`start({ prices })`). */
  readonly prices?: UserPrices;
}

/** What is used of an SDK's span; those of every 2.x and later have it. */
export interface AdoptableSpan extends Span {
  readonly attributes: Attributes;
  readonly startTime: [number, number];
  readonly instrumentationScope: { readonly name: string };
  readonly status: { readonly code: number };
}

/** Fits where OpenTelemetry's SDKs take a SpanProcessor. */
export interface AdoptingProcessor {
  onStart(span: AdoptableSpan, parent: Context): void;
  onEnding(span: AdoptableSpan): void;
  onEnd(): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export function adopt(options: AdoptOptions = {}): AdoptingProcessor {
  const book = bookOf(options.prices);
  const adopted = new WeakMap<Span, Frame>();

  return {
    onStart(span, parent) {
      if (span.instrumentationScope.name === scopeName || !mayInfer(span)) return;
      guard(() => {
        const around = trace.getSpan(parent) as Partial<AdoptableSpan> | undefined;
        // An observed client's call, seen by another instrumentation too: counted once.
        if (around?.instrumentationScope?.name === scopeName && around.attributes?.['gen_ai.operation.name']) {
          span.setAttribute('routescope.duplicate_of', trace.getSpan(parent)?.spanContext().spanId ?? '');
          return;
        }
        const frame = currentFrame();
        adopted.set(span, frame);
        span.setAttributes({
          ...present({
            'routescope.tag': frame.tag,
            'gen_ai.conversation.id': says(span.attributes, 'session_id') ? undefined : frame.session,
          }),
          ...frame.attempt?.attributes,
        });
        frame.attempt?.begun();
      });
    },

    onEnding(span) {
      const frame = adopted.get(span);
      if (frame === undefined) return;
      adopted.delete(span);
      guard(() => finish(span, frame));
      guard(() => numberSpan(span));
    },

    onEnd() {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };

  function finish(span: AdoptableSpan, frame: Frame): void {
    const { attributes } = span;
    const inference = read(attributes);
    if (inference === undefined) {
      frame.attempt?.lost();
      return;
    }
    const { operation, provider, host, requestModel, responseModel, usage, tier, requestTier, hasCost } = inference;
    const at = span.startTime[0] * 1_000 + span.startTime[1] / 1e6;
    const cost = costAt(
      book(),
      { provider, host, requestModel, responseModel, requestTier, at },
      usage,
      tier ? { tier } : undefined,
    );
    const missing: Attributes = {
      'gen_ai.operation.name': operation,
      ...present({ 'gen_ai.provider.name': provider || undefined }),
      'routescope.usage.source': isKnown(usage) ? 'provider' : 'missing',
      // What the sender says it cost stays; ours would be a second answer to one question.
      ...(!hasCost && costAttributes(cost)),
    };
    for (const [name, value] of Object.entries(missing))
      if (attributes[name] === undefined && value !== undefined) span.setAttribute(name, value);
    frame.attempt?.witness({
      span,
      endedAt: Date.now(),
      usage,
      cost,
      provider,
      host,
      requestModel,
      responseModel,
      requestMaxTokens: attributes['gen_ai.request.max_tokens'],
      requestTemperature: attributes['gen_ai.request.temperature'],
      outcome: span.status.code === SpanStatusCode.ERROR ? 'failed' : 'accepted',
    });
  }
}

/** Instrumentations that name what they do only when they are done. */
const scopes =
  /^(com\.anthropic\.sdk|ai$|@ai-sdk\/|@arizeai\/openinference|@opentelemetry\/instrumentation-openai|@traceloop\/|openllmetry)/;

/** Whether the span may turn out to be an inference: by what it says at its start, or by who makes it. */
const mayInfer = (span: AdoptableSpan): boolean =>
  operationOf(span.attributes) !== undefined || scopes.test(span.instrumentationScope.name);
