/**
 * One inference, one attempt span: from the request until the answer is read to its end, given up, or failed.
 *
 * "Inference" is one call of a client's method with all the SDK's own retries. Its span ends here, or, inside a route,
 * is handed to the router, which ends it once the verdict is known.
 */
import { type Attributes, context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { type Cost, type Outcome, type StreamOutcome, type UsageSource, usd } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import { currentFrame, type Frame } from '../context.ts';
import { costAt } from '../prices.ts';
import { endSpan } from '../sequence.ts';
import { type Clock, countFailure, guard, hrTime } from '../telemetry.ts';
import { type AnswerFacts, type Api, asText, type Fold, type Json, nothingKnown, present } from './facts.ts';
import type { Server } from './provider.ts';

/** How an inference came to its end. */
export type Ending =
  | { readonly how: 'complete' } // the provider finished, and the app read all of it
  | { readonly how: 'canceled'; readonly error?: unknown } // the app stopped reading, or aborted
  | { readonly how: 'failed'; readonly error: unknown }
  | { readonly how: 'raw' }; // the app took the raw response; nobody here reads its body

export interface InferenceOptions {
  readonly api: Api;
  readonly server: Server;
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly book: () => PriceBook;
}

export class InferenceSpan {
  readonly #options: InferenceOptions;
  readonly #frame: Frame;
  readonly #span: Span;
  readonly #startedAt: number;
  readonly #requestModel: string;
  readonly #isStream: boolean;
  #facts: AnswerFacts = nothingKnown;
  #fold: Fold | undefined;
  #firstChunkAt: number | undefined;
  #hasEnded = false;

  constructor(body: Json, options: InferenceOptions) {
    const { api, server, tracer, clock } = options;
    this.#options = options;
    this.#frame = currentFrame();
    this.#requestModel = asText(body['model']) ?? '';
    this.#isStream = body['stream'] === true;
    this.#startedAt = clock();
    const { session, tag, attempt } = this.#frame;
    const attributes: Attributes = {
      'gen_ai.operation.name': api.operation,
      'gen_ai.provider.name': server.provider,
      ...present({
        'gen_ai.request.model': this.#requestModel || undefined,
        'gen_ai.conversation.id': session,
        'routescope.tag': tag,
      }),
      'server.address': server.address,
      'server.port': server.port,
      ...api.requestAttributes(body),
      ...attempt?.attributes,
    };
    const name = this.#requestModel ? `${api.operation} ${this.#requestModel}` : api.operation;
    this.#span = tracer.startSpan(
      name,
      { kind: SpanKind.CLIENT, attributes, startTime: hrTime(this.#startedAt) },
      attempt?.parent ?? context.active(),
    );
    attempt?.begun();
  }

  /** Runs the client's own method with this span active, so that HTTP spans become its children. */
  run<T>(call: () => T): T {
    return context.with(trace.setSpan(this.#frame.attempt?.parent ?? context.active(), this.#span), call);
  }

  answer(data: unknown): void {
    guard(() => {
      this.#facts = this.#options.api.answer(data as Json);
    });
  }

  chunk(chunk: unknown): void {
    // `guard` written out: this runs for every chunk, and a closure for each would be most of its price.
    try {
      this.#firstChunkAt ??= this.#options.clock();
      this.#fold ??= this.#options.api.fold();
      this.#fold.chunk(chunk);
    } catch {
      countFailure();
    }
  }

  /** The first ending counts; whatever comes after it is ignored. */
  end(ending: Ending): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    guard(() => this.#finish(ending));
  }

  #finish(ending: Ending): void {
    const { server, clock, book } = this.#options;
    const endedAt = clock();
    const facts = this.#fold?.facts() ?? this.#facts;
    const span = this.#span;
    const { usage } = facts;
    const hasUsage = usage.inputTokens !== null || usage.outputTokens !== null;
    const source: UsageSource = !hasUsage ? 'missing' : facts.isUsageFinal ? 'provider' : 'estimated';
    const priced = {
      provider: server.provider,
      host: server.host,
      requestModel: this.#requestModel,
      responseModel: facts.model,
      at: this.#startedAt,
    };
    const cost = costAt(book(), priced, usage);
    // One call each: merging them into one object first costs more than all the rest of this method.
    span.setAttributes(
      present({
        'gen_ai.response.id': facts.id,
        'gen_ai.response.model': facts.model,
        'gen_ai.response.finish_reasons': facts.finishReasons,
        'gen_ai.response.time_to_first_chunk': this.#firstChunkAt && (this.#firstChunkAt - this.#startedAt) / 1000,
        'gen_ai.usage.input_tokens': usage.inputTokens,
        'gen_ai.usage.output_tokens': usage.outputTokens,
        'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens,
        'gen_ai.usage.cache_write.input_tokens': usage.cacheWriteTokens,
        'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens,
        'routescope.stream.outcome': this.#isStream ? streamOutcome(ending) : undefined,
        'routescope.usage.source': source,
      }),
    );
    span.setAttributes(costAttributes(cost));
    if (ending.how === 'failed') {
      const type = errorType(ending.error);
      span.setAttribute('error.type', type);
      // Never the provider's message: it may quote the prompt.
      span.setStatus({ code: SpanStatusCode.ERROR, message: type });
    }
    const { attempt } = this.#frame;
    if (attempt) {
      attempt.adopt({
        span,
        endedAt,
        usage,
        cost,
        provider: server.provider,
        host: server.host,
        requestModel: this.#requestModel,
        responseModel: facts.model,
        outcome: outcomeOf(ending),
      });
      return;
    }
    span.setAttribute('routescope.outcome', outcomeOf(ending));
    endSpan(span, endedAt);
  }
}

function outcomeOf(ending: Ending): Outcome {
  if (ending.how === 'failed') return 'failed';
  return ending.how === 'canceled' ? 'canceled' : 'accepted';
}

function streamOutcome(ending: Ending): StreamOutcome {
  if (ending.how === 'complete') return 'complete';
  if (ending.how === 'failed') return 'error';
  return ending.how === 'raw' ? 'abandoned' : 'cancelled';
}

/** Cost as attributes: absent when unknown, the status always. */
export function costAttributes(cost: Cost): Attributes {
  const known = (pico: bigint | null): number | undefined => (pico === null ? undefined : usd(pico));
  return present({
    'routescope.cost.total': known(cost.totalPico),
    'routescope.cost.input': known(cost.inputPico),
    'routescope.cost.cache_read': known(cost.cacheReadPico),
    'routescope.cost.cache_write': known(cost.cacheWritePico),
    'routescope.cost.output': known(cost.outputPico),
    'routescope.cost.status': cost.status,
    'routescope.cost.source': cost.totalPico === null ? undefined : 'local',
    'routescope.cost.price_version': cost.priceVersion ?? undefined,
  });
}

const classTypes: Readonly<Record<string, string>> = {
  APIConnectionTimeoutError: 'timeout',
  APIConnectionError: 'connection_error',
  APIUserAbortError: 'cancelled',
};

/** Of low cardinality: the provider's code or type, else the HTTP status, else the class. */
export function errorType(error: unknown): string {
  const { code, type, status } = (error ?? {}) as { code?: unknown; type?: unknown; status?: unknown };
  for (const name of [code, type]) if (typeof name === 'string' && /^[\w.-]{1,64}$/.test(name)) return name;
  if (typeof status === 'number') return String(status);
  const className = (error as object | null)?.constructor?.name ?? '_OTHER';
  return classTypes[className] ?? className;
}

/** Did the app itself call it off? */
export function isAbort(error: unknown): boolean {
  const { name } = (error ?? {}) as { name?: unknown };
  return name === 'AbortError' || (error as object | null)?.constructor?.name === 'APIUserAbortError';
}
