/**
 * One inference, one attempt span: from the request until the answer is read to its end, given up, or failed.
 *
 * "Inference" is one call of a client's method with all the SDK's own retries. Its span ends here, or, inside a route,
 * is handed to the router, which ends it once the verdict is known.
 */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import { type Cost, type Ending, isKnown, type Outcome, type UsageSource, usd } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import { Capture } from '../content/capture.ts';
import type { ContentSettings } from '../content/settings.ts';
import { currentFrame, type Frame } from '../context.ts';
import { chunkTimer, isMeasuring, measure, measureAttempt } from '../metrics.ts';
import { costAt } from '../prices.ts';
import { endSpan } from '../sequence.ts';
import { type Clock, countFailure, guard, hrTime } from '../telemetry.ts';
import { withSpan } from './active.ts';
import { saidPico } from './apis/said-cost.ts';
import { noLonger, wait } from './background.ts';
import { errorType, isAbort, outcomeOf, streamOutcomeOf } from './ending.ts';
import {
  type AnswerFacts,
  type Api,
  asJson,
  asText,
  type Fold,
  type Json,
  nothingKnown,
  present,
  withoutTexts,
} from './facts.ts';
import { closed, type Droppable } from './open.ts';
import type { Loop } from './patch.ts';
import type { Server } from './provider.ts';
import { sayUsage } from './usage-attributes.ts';

/** How far it has come: asked, answered (its body not read yet), taken by the app, and, if it is one, streaming. */
type Stage = 'asked' | 'answered' | 'taken' | 'streaming';

/** LiteLLM's proxy says there what an answer cost, USD. */
const costHeader = 'x-litellm-response-cost';

export interface InferenceOptions {
  readonly api: Api;
  readonly server: Server;
  readonly clock: Clock;
  readonly book: () => PriceBook;
  readonly content: () => ContentSettings;
}

/** Makes its span at once. A `loop` is the tool loop it is a turn of. */
export class InferenceSpan implements Droppable {
  isOpen = false;
  next: Droppable | undefined;
  previous: Droppable | undefined;
  readonly #options: InferenceOptions;
  readonly #frame: Frame;
  readonly #parent: Context;
  readonly #span: Span;
  readonly #startedAt: number;
  readonly #requestModel: string;
  readonly #isStream: boolean;
  /** Asked for to go on in the background; in a route, whose attempt waits for its answer, as if it were not. */
  readonly #isInBackground: boolean;
  /** Its answer's id while it waits for its end in the background. */
  #waitsAs: string | undefined;
  /** What its span is to say beside what it started with: what was asked for, and at the end the rest. */
  readonly #said: Attributes = {};
  #facts: AnswerFacts = nothingKnown;
  #fold: Fold | undefined;
  #stage: Stage = 'asked';
  #firstChunkAt: number | undefined;
  /** When the provider was last heard of. */
  #heardAt: number;
  #resends = 0;
  /** What the response's headers say it cost. */
  #saidPico: number | undefined;
  #hasEnded = false;
  /** Measures the time between two chunks; absent while nobody listens to metrics. */
  #timeChunk: ((gapS: number) => void) | undefined;
  /** Keeps what was said; absent unless somebody asked for that. */
  #capture: Capture | undefined;

  constructor(body: Json, options: InferenceOptions, tracer: Tracer, loop?: Loop) {
    const { api, server, clock } = options;
    this.#options = options;
    this.#frame = currentFrame();
    this.#requestModel = asText(body['model']) ?? '';
    this.#isStream = body['stream'] === true;
    this.#isInBackground = body['background'] === true && this.#frame.attempt === undefined;
    this.#startedAt = clock();
    this.#heardAt = this.#startedAt;
    const { session, tag, attempt } = this.#frame;
    // Filled one by one: spreading several objects into one would cost more than the span.
    const attributes: Attributes = {};
    attributes['gen_ai.operation.name'] = api.operation;
    attributes['gen_ai.provider.name'] = server.provider;
    if (this.#requestModel) attributes['gen_ai.request.model'] = this.#requestModel;
    attributes['server.address'] = server.address;
    attributes['server.port'] = server.port;
    if (typeof session === 'string') attributes['gen_ai.conversation.id'] = session;
    if (typeof tag === 'string') attributes['routescope.tag'] = tag;
    if (loop) attributes['routescope.attempt.step'] = ++loop.steps;
    if (attempt) Object.assign(attributes, attempt.attributes);
    api.sayRequest(this.#said, body);
    this.#parent = attempt?.parent ?? context.active();
    this.#span = tracer.startSpan(
      this.#requestModel ? `${api.operation} ${this.#requestModel}` : api.operation,
      { kind: SpanKind.CLIENT, attributes, startTime: hrTime(this.#startedAt) },
      this.#parent,
    );
    attempt?.begun();
    try {
      this.#capturing(body);
      if (this.#isStream) this.#timeChunk = chunkTimer(api.operation, server.provider, this.#requestModel);
    } catch {
      countFailure();
    }
  }

  #capturing(body: Json): void {
    const settings = this.#options.content();
    if (settings.mode === 'off' || !this.#span.isRecording()) return;
    this.#capture = new Capture(this.#options.api.content, settings, this.#span);
    this.#capture.asked(body);
  }

  /** Calls the client's own method with this span active, so that HTTP spans become its children. */
  run(method: (...given: unknown[]) => unknown, self: unknown, given: readonly unknown[]): unknown {
    let result: unknown;
    let hasBegun = false;
    let hasReturned = false;
    const once = (): void => {
      hasBegun = true;
      result = Reflect.apply(method, self, given);
      hasReturned = true;
    };
    try {
      context.with(withSpan(this.#parent, this.#span), once);
    } catch (problem) {
      if (hasBegun && !hasReturned) throw problem; // the method's own
      countFailure();
      if (!hasBegun) once();
    }
    return result;
  }

  /** The headers that carry it, as the app's propagator writes them. */
  traceContext(): Readonly<Record<string, string>> {
    const carrier: Record<string, string> = {};
    propagation.inject(withSpan(context.active(), this.#span), carrier);
    return carrier;
  }

  /** The SDK sends the request once more. */
  resent(): void {
    this.#resends++;
  }

  /** The response is there; its body is not read yet. */
  answered(response: unknown): void {
    this.#stage = 'answered';
    this.#heardAt = this.#now();
    // Of a stream it is not known when the headers are sent.
    if (this.#options.server.isUnknown && !this.#isStream)
      guard(() => {
        const { headers } = asJson(asJson(response)['response']) as { headers?: Headers };
        this.#saidPico = saidPico(headers?.get(costHeader));
      });
  }

  #now(): number {
    try {
      return this.#options.clock();
    } catch {
      countFailure();
      return Date.now();
    }
  }

  /** The app has asked for the parsed answer. */
  taken(): void {
    this.#stage = 'taken';
  }

  get isTaken(): boolean {
    return this.#stage !== 'asked' && this.#stage !== 'answered';
  }

  /** The answer is a stream, which the app now holds. */
  streams(): void {
    this.#stage = 'streaming';
  }

  get isWaiting(): boolean {
    return this.#waitsAs !== undefined;
  }

  answer(data: unknown): void {
    try {
      this.#fold = undefined; // what was read of a stream before is in it
      this.#facts = this.#options.api.answer(data as Json);
    } catch {
      countFailure();
    }
    this.#capture?.answered(data as Json);
  }

  chunk(chunk: unknown): void {
    // `guard` written out: this runs for every chunk, and a closure for each would be most of its price.
    try {
      const at = this.#options.clock();
      if (this.#firstChunkAt === undefined) this.#firstChunkAt = at;
      else this.#timeChunk?.((at - this.#heardAt) / 1000);
      this.#heardAt = at;
      this.#fold ??= this.#options.api.fold();
      this.#fold.chunk(chunk);
      this.#capture?.chunk(asJson(chunk));
    } catch {
      countFailure();
    }
  }

  /** It ends with an error: of the provider, of the way there, or because the app called it off. */
  fail(error: unknown): void {
    if (this.#hasEnded) return;
    // An error may be of anybody's making, and reading it may throw.
    if (guard(() => isAbort(error))) this.end('aborted');
    else this.end(this.#stage === 'asked' ? 'failed' : 'failed_midway', error);
  }

  /** Nobody can read on. */
  drop(): void {
    const isUnread = this.#stage === 'streaming' && this.#firstChunkAt === undefined;
    const ending = this.#stage === 'answered' ? 'never_awaited' : isUnread ? 'never_read' : 'abandoned';
    this.end(ending, undefined, this.#heardAt);
  }

  /** The first ending counts; whatever comes after it is ignored. */
  end(ending: Ending, error?: unknown, at?: number): void {
    if (this.#hasEnded || (this.#isInBackground && this.#waits(ending))) return;
    this.#hasEnded = true;
    closed(this);
    const endedAt = at ?? this.#now();
    try {
      this.#finish(ending, error, endedAt);
    } catch {
      countFailure();
      // Whatever went wrong: the span ends, and no call waits for it.
      guard(() => this.#frame.attempt?.lost());
      guard(() => endSpan(this.#span, endedAt));
    }
  }

  /** Whether what has ended is but the app's listening. */
  #waits(ending: Ending): boolean {
    const facts = guard(() => this.#fold?.facts()) ?? this.#facts;
    const isLeft = ending === 'complete' || ending === 'break' || ending === 'aborted' || ending === 'failed_midway';
    if (this.#waitsAs !== undefined) noLonger(this.#waitsAs);
    this.#waitsAs = isLeft && facts.isUnderWay ? facts.id : undefined;
    if (this.#waitsAs !== undefined) wait(this.#waitsAs, this);
    return this.isWaiting;
  }

  #finish(ending: Ending, error: unknown, endedAt: number): void {
    const { api, server, book } = this.#options;
    const facts = withoutTexts(this.#fold?.facts() ?? this.#facts);
    const span = this.#span;
    const { usage } = facts;
    const served = this.#saidPico === undefined ? facts.served : { saidPico: this.#saidPico, ...facts.served };
    const source: UsageSource = !isKnown(usage) ? 'missing' : facts.isUsageFinal ? 'provider' : 'estimated';
    // Gathered first, and set in one loop: twenty places that call into OpenTelemetry take longer.
    const said = this.#said;
    const priced = {
      provider: server.provider,
      host: server.host,
      requestModel: this.#requestModel,
      responseModel: facts.model,
      requestTier: said['openai.request.service_tier'],
      at: this.#startedAt,
    };
    const cost = costAt(book(), priced, usage, served);
    if (facts.id !== undefined) said['gen_ai.response.id'] = facts.id;
    if (facts.model !== undefined) said['gen_ai.response.model'] = facts.model;
    if (facts.finishReasons.length > 0) said['gen_ai.response.finish_reasons'] = facts.finishReasons as string[];
    if (this.#firstChunkAt !== undefined)
      said['gen_ai.response.time_to_first_chunk'] = (this.#firstChunkAt - this.#startedAt) / 1000;
    if (this.#resends > 0) said['http.request.resend_count'] = this.#resends;
    said['routescope.ending'] = ending;
    if (this.#isStream) said['routescope.stream.outcome'] = streamOutcomeOf(ending);
    said['routescope.usage.source'] = source;
    sayUsage(said, usage, served, api.kind);
    sayCost(said, cost);
    this.#capture?.ended();
    const outcome = outcomeOf(ending);
    const failure = outcome === 'failed' ? errorType(error) : undefined;
    if (failure !== undefined) {
      said['error.type'] = failure;
      // Never the provider's message: it may quote the prompt.
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    }
    const { attempt } = this.#frame;
    if (isMeasuring()) guard(() => this.#measured(facts, cost, failure, outcome, endedAt));
    if (attempt === undefined) said['routescope.outcome'] = outcome;
    if (attempt) {
      span.setAttributes(said);
      attempt.adopt({
        span,
        endedAt,
        usage,
        cost,
        provider: server.provider,
        host: server.host,
        requestModel: this.#requestModel,
        responseModel: facts.model,
        requestMaxTokens: said['gen_ai.request.max_tokens'],
        requestTemperature: said['gen_ai.request.temperature'],
        outcome,
      });
      return;
    }
    endSpan(span, endedAt, said);
  }

  #measured(facts: AnswerFacts, cost: Cost, failure: string | undefined, outcome: Outcome, endedAt: number): void {
    const { api, server } = this.#options;
    const { attempt, tag } = this.#frame;
    const routeFacts = attempt?.attributes ?? present({ 'routescope.tag': tag });
    measure({
      operation: api.operation,
      provider: server.provider,
      requestModel: this.#requestModel,
      responseModel: facts.model,
      address: server.address,
      port: server.port,
      errorType: failure,
      durationS: (endedAt - this.#startedAt) / 1000,
      timeToFirstChunkS: this.#firstChunkAt && (this.#firstChunkAt - this.#startedAt) / 1000,
      usage: facts.usage,
      cost,
      facts: routeFacts,
    });
    // Inside a route the verdict is the router's.
    if (!attempt) measureAttempt(routeFacts, outcome);
  }
}

/** Says the cost: nothing where it is unknown, no part that there was not, the status always. */
function sayCost(said: Attributes, cost: Cost): void {
  const { totalPico, inputPico, cacheReadPico, cacheWritePico, outputPico, toolsPico, nestedPico } = cost;
  said['routescope.cost.status'] = cost.status;
  if (totalPico !== null) {
    said['routescope.cost.total'] = usd(totalPico);
    said['routescope.cost.source'] = cost.source ?? 'local';
  }
  if (inputPico !== null) said['routescope.cost.input'] = usd(inputPico);
  if (cacheReadPico) said['routescope.cost.cache_read'] = usd(cacheReadPico);
  if (cacheWritePico) said['routescope.cost.cache_write'] = usd(cacheWritePico);
  if (outputPico !== null) said['routescope.cost.output'] = usd(outputPico);
  if (toolsPico !== null) said['routescope.cost.tools'] = usd(toolsPico);
  if (nestedPico !== null) said['routescope.cost.nested'] = usd(nestedPico);
  if (cost.missing.length > 0) said['routescope.cost.missing'] = [...cost.missing];
  if (cost.priceVersion !== null) said['routescope.cost.price_version'] = cost.priceVersion;
}

/** The same, as attributes of their own. */
export function costAttributes(cost: Cost): Attributes {
  const said: Attributes = {};
  sayCost(said, cost);
  return said;
}
