/**
 * One attempt: one try at one tier. Its spans stay open until the validator has spoken, because the verdict stands on
 * them, and end with the time of the last byte, so that a slow validator does not look like a slow model.
 */
import { type Attributes, type Context, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import {
  type AttemptCause,
  type AttemptReason,
  type Cost,
  costOf,
  type Outcome,
  sumCosts,
  type Usage,
  unknownUsage,
} from '@routescope/conventions';
import type { AttemptFrame, Inference } from '../context.ts';
import { measureAttempt } from '../metrics.ts';
import { errorType } from '../observe/ending.ts';
import { present } from '../observe/facts.ts';
import { costAttributes } from '../observe/inference.ts';
import { endSpan } from '../sequence.ts';
import { type Clock, guard, hrTime } from '../telemetry.ts';
import { ChatReply } from './answer.ts';
import type { ReadHeader } from './bucket.ts';
import { type Expected, mismatchOf } from './mismatch.ts';
import type { Tier } from './routes.ts';
import type { Verdict } from './validate.ts';

/** What is known of an attempt once it is over. */
export interface AttemptRecord {
  readonly number: number;
  readonly reason: AttemptReason;
  readonly tier: Tier;
  readonly rank: number;
  readonly model: string;
  /** Named where the tier has several. */
  readonly deployment: string | undefined;
  readonly outcome: Outcome;
  readonly verdict: Verdict | undefined;
  readonly error: unknown;
  /** Cause of the next attempt, if there is one. */
  readonly cause: AttemptCause | undefined;
  /** The verdict came after the answer was given: no other attempt could follow from it. */
  readonly isLate: boolean;
}

export interface AttemptOptions {
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly parent: Context;
  /** The call's and the attempt's facts, on every span of the attempt. */
  readonly attributes: Attributes;
  /** What the route says is asked for. */
  readonly expected: Expected;
  readonly headers: (header: ReadHeader) => void;
  readonly onMismatch: () => void;
}

interface Settled {
  readonly outcome: Outcome;
  readonly verdict: Verdict | undefined;
}

export class Attempt implements AttemptFrame {
  readonly parent: Context;
  readonly attributes: Attributes;
  readonly #options: AttemptOptions;
  readonly #startedAt: number;
  readonly #inferences: Inference[] = [];
  #last: Inference | undefined;
  #open = 0;
  #settled: Settled | undefined;
  #late: Promise<Verdict> | undefined;
  #onClosed: (() => void) | undefined;

  constructor(options: AttemptOptions) {
    this.parent = options.parent;
    this.attributes = options.attributes;
    this.#options = options;
    this.#startedAt = options.clock();
  }

  begun(): void {
    this.#open++;
  }

  adopt(inference: Inference): void {
    this.#open--;
    // In a tool loop there are several: the verdict is on the last, the others are steps on the way.
    this.#inferences.push(inference);
    if (this.#last) this.#end(this.#last, 'accepted', undefined);
    this.#last = inference;
    if (this.#settled) this.#closeLast();
  }

  witness(inference: Inference): void {
    this.#inferences.push(inference);
    guard(() => measureAttempt(this.attributes, inference.outcome));
    this.lost();
  }

  lost(): void {
    if (this.#open > 0) this.#open--;
    if (this.#settled && this.#open === 0) this.#closeLast();
  }

  headers(header: ReadHeader): void {
    guard(() => this.#options.headers(header));
  }

  /** The verdict on a stream is known once the app has read all of it; the spans wait for it, not longer. */
  judgedLater(verdict: Promise<Verdict>): void {
    this.#late = verdict;
  }

  /** Sets the verdict. Inferences still being read (a stream handed to the app) are closed when they end. */
  settle(outcome: Outcome, verdict: Verdict | undefined, value: unknown, error: unknown): void {
    this.#settled = { outcome, verdict };
    if (this.#inferences.length === 0 && this.#open === 0)
      guard(() => this.#spanOfUnobserved(outcome, verdict, value, error));
    else if (this.#open === 0) this.#closeLast();
  }

  /** Runs `done` once no inference of the attempt is being read any more: now, or when the app has read its stream. */
  whenClosed(done: () => void): void {
    if (this.#open === 0 && this.#last === undefined) done();
    else this.#onClosed = done;
  }

  /** An accepted answer that is a stream may still be canceled or fail while the app reads it; that is its outcome then. */
  outcomeOf(judged: Outcome): Outcome {
    const read = this.#inferences.at(-1)?.outcome ?? judged;
    return judged === 'accepted' ? read : judged;
  }

  /** What the inferences cost together; undefined when there were none to be seen. */
  get cost(): Cost | undefined {
    return this.#inferences.length === 0 ? undefined : sumCosts(this.#inferences.map((inference) => inference.cost));
  }

  get inferences(): readonly Inference[] {
    return this.#inferences;
  }

  #closeLast(): void {
    const late = this.#late;
    this.#late = undefined;
    if (late && this.#open === 0 && this.#last?.outcome === 'accepted') {
      void late.then((verdict) => {
        this.#settled = { outcome: 'accepted', verdict };
        this.#closeLast();
      });
      return;
    }
    if (this.#last && this.#settled)
      this.#end(this.#last, this.outcomeOf(this.#settled.outcome), this.#settled.verdict);
    this.#last = undefined;
    if (this.#open > 0) return;
    this.#onClosed?.();
    this.#onClosed = undefined;
  }

  #end(inference: Inference, outcome: Outcome, verdict: Verdict | undefined): void {
    guard(() => {
      const step = this.#inferences.indexOf(inference) + 1;
      const mismatch = mismatchOf(this.#options.expected, inference);
      if (mismatch.length > 0) this.#options.onMismatch();
      endSpan(inference.span, inference.endedAt, {
        'routescope.outcome': outcome,
        ...(verdict && verdictAttributes(verdict)),
        ...present({ 'routescope.route.mismatch': mismatch }),
        ...(this.#inferences.length > 1 || this.#open > 0 ? { 'routescope.attempt.step': step } : {}),
      });
    });
    guard(() => measureAttempt(this.attributes, outcome));
  }

  /** A `via` whose client nobody observes still is an attempt: its span says what the adapter read back. */
  #spanOfUnobserved(outcome: Outcome, verdict: Verdict | undefined, value: unknown, error: unknown): void {
    const { tracer, expected, attributes, parent, clock } = this.#options;
    const { model } = expected;
    const reply = value instanceof ChatReply ? value : undefined;
    const usage: Usage = reply?.usage ?? unknownUsage;
    const span = tracer.startSpan(
      `chat ${model}`,
      {
        kind: SpanKind.CLIENT,
        startTime: hrTime(this.#startedAt),
        attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': model, ...attributes },
      },
      parent,
    );
    if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: errorType(error) });
    endSpan(span, clock(), {
      ...present({
        'gen_ai.response.model': reply?.model,
        'gen_ai.usage.input_tokens': usage.inputTokens,
        'gen_ai.usage.output_tokens': usage.outputTokens,
        'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens,
        'gen_ai.usage.cache_write.input_tokens': usage.cacheWriteTokens,
        'error.type': outcome === 'failed' ? errorType(error) : undefined,
      }),
      'routescope.usage.source': usage.inputTokens === null && usage.outputTokens === null ? 'missing' : 'provider',
      'routescope.outcome': outcome,
      // Whom it asked, and so what that costs, only an observed client tells.
      ...costAttributes({ ...costOf(usage, undefined), missing: ['unobserved'] }),
      ...(verdict && verdictAttributes(verdict)),
    });
    measureAttempt(attributes, outcome);
  }
}

export function verdictAttributes(verdict: Verdict): Attributes {
  return present({
    'routescope.validation.name': verdict.name,
    'routescope.validation.result': verdict.result,
    'routescope.validation.score': verdict.score,
    'routescope.validation.reason': verdict.reason,
    'routescope.validation.version': verdict.version,
  });
}
