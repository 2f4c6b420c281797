/**
 * The router: one call span, attempts below it, a validator after each answer, and the next move until the answer is
 * accepted or nothing is left to try. It is the only retry loop.
 */
import { context, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import type { AttemptReason, Outcome } from '@routescope/conventions';
import type { UserPrices } from '@routescope/conventions/prices';
import { currentFrame, withFrame } from '../context.ts';
import { isAbort } from '../observe/ending.ts';
import { present } from '../observe/facts.ts';
import { scopeName } from '../observe/scope.ts';
import { bookOf } from '../prices.ts';
import { type Clock, guard, hrTime, systemClock } from '../telemetry.ts';
import type { ChatInput } from './adapters.ts';
import { isStream } from './answer.ts';
import { Attempt, type AttemptRecord } from './attempt.ts';
import { type CallRef, finishCall } from './call.ts';
import { causeOf, isProviderFailure, isRetryable, waitMs } from './failure.ts';
import { nextMove } from './move.ts';
import type { Route, RouteTable, TryOptions } from './routes.ts';
import { judge, type StandardSchema, type Verdict } from './validate.ts';

export interface RouterOptions {
  /** For the baseline cost; else the process's own (`start({ prices })`). */
  readonly prices?: UserPrices;
  /** Epoch ms; for simulations. @default the system's */
  readonly clock?: Clock;
  /** Waits before a retry; for simulations. Rejects when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** 0 to 1, for jitter. @default Math.random */
  readonly random?: () => number;
}

export interface RouteCallOptions {
  /** Calls off the attempt under way, and every one after it. */
  readonly signal?: AbortSignal;
}

export interface Routed<Answer> {
  readonly answer: Answer;
  readonly call: CallRef;
}

/** What a route's answer is: its schema's output, else the text. */
export type AnswerOf<R extends Route> = R['validate'] extends StandardSchema<infer Output> ? Output : string;

export interface Router<T extends Readonly<Record<string, Route>>> {
  readonly version: string;
  /**
   * Routes one request by its tag: tries the tiers in order until an answer is accepted.
   * @param input a chat for the tiers' adapters, or your own code, run once per attempt with the tier's model and limits.
   * @throws RouteError when nothing is left to try; the abort error when `signal` aborts; your own code's error as it is.
   */
  route<Tag extends keyof T & string, Answer>(
    tag: Tag,
    input: (options: TryOptions) => Promise<Answer>,
    options?: RouteCallOptions,
  ): Promise<Routed<Answer>>;
  route<Tag extends keyof T & string>(
    tag: Tag,
    input: ChatInput,
    options?: RouteCallOptions,
  ): Promise<Routed<AnswerOf<T[Tag]>>>;
}

/** Every attempt failed or was rejected. The message has a part for each. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly tag: string;
  readonly attempts: readonly AttemptRecord[];
  readonly call: CallRef;
  /** The last rejected answer, if there was one: it may be better than nothing. */
  readonly answer: unknown;

  constructor(tag: string, attempts: readonly AttemptRecord[], call: CallRef) {
    const said = attempts.map(({ number, tier, error, verdict }) => {
      const what = verdict
        ? `rejected by ${verdict.name ?? 'validation'}${verdict.reason ? ` (${verdict.reason})` : ''}`
        : `failed: ${describe(error)}`;
      return `${number}. ${tier.name} (${tier.model}) ${what}`;
    });
    super(`no answer for ${JSON.stringify(tag)}: ${said.join('; ')}`, {
      cause: attempts.findLast((attempt) => attempt.error !== undefined)?.error,
    });
    this.tag = tag;
    this.attempts = attempts;
    this.call = call;
    this.answer = attempts.findLast((attempt) => attempt.verdict !== undefined)?.verdict?.answer;
  }
}

function describe(error: unknown): string {
  const { status } = (error ?? {}) as { status?: unknown };
  return `${(error as object | null)?.constructor?.name ?? String(error)}${typeof status === 'number' ? ` ${status}` : ''}`;
}

const retriesPerTier = 1;

/** A router over a checked table. Holds no state: one per process or one per request are the same. */
export function createRouter<T extends Readonly<Record<string, Route>>>(
  table: RouteTable<T>,
  options: RouterOptions = {},
): Router<T> {
  const { clock = systemClock, sleep = wait, random = Math.random } = options;
  const book = bookOf(options.prices);

  async function route(tag: string, input: unknown, { signal }: RouteCallOptions = {}): Promise<Routed<unknown>> {
    const chosen = table.routes[tag];
    if (chosen === undefined)
      throw new Error(`${JSON.stringify(tag)} is no tag of the route table: ${Object.keys(table.routes).join(', ')}`);
    const { session = '' } = currentFrame();
    const tracer: Tracer = trace.getTracer(scopeName);
    const startedAt = clock();
    const common = {
      'routescope.tag': tag,
      'routescope.route.version': table.version,
      'routescope.route.policy': 'static',
      'routescope.route.reason': 'default',
      ...present({ 'gen_ai.conversation.id': session || undefined }),
    };
    const span = tracer.startSpan(`route ${tag}`, {
      kind: SpanKind.INTERNAL,
      startTime: hrTime(startedAt),
      attributes: common,
    });
    const parent = trace.setSpan(context.active(), span);
    const { spanId, traceId } = span.spanContext();
    const records: AttemptRecord[] = [];
    const attempts: Attempt[] = [];
    const ref = (): CallRef => {
      const last = records.at(-1);
      return {
        id: spanId,
        traceId,
        sessionId: session,
        tag,
        tier: last?.tier.name ?? '',
        model: last?.tier.model ?? '',
        startedAt,
      };
    };
    const finish = (outcome: Outcome, error?: unknown): void => {
      const end = (): void => {
        const final = attempts.at(-1)?.outcomeOf(outcome) ?? outcome;
        guard(() => finishCall(span, { route: chosen, records, attempts, outcome: final, error }, book(), clock));
      };
      // A stream is still being read by the app: the call ends with it, so that its cost is the call's.
      if (attempts.length > 0) attempts.at(-1)?.whenClosed(end);
      else end();
    };

    let rank = 0;
    let reason: AttemptReason = 'first';
    let retriesLeft = retriesPerTier;
    for (;;) {
      const tier = chosen.tiers[rank] as Route['tiers'][number];
      const number = records.length + 1;
      const attributes = {
        ...common,
        'routescope.call.id': spanId,
        'routescope.tier.name': tier.name,
        'routescope.tier.rank': rank,
        'routescope.attempt.number': number,
        'routescope.attempt.reason': reason,
        ...present({ 'routescope.attempt.cause': records.at(-1)?.cause }),
      };
      const attempt = new Attempt({ tracer, clock, parent, attributes, model: tier.model });
      attempts.push(attempt);
      const via = typeof input === 'function' ? (_: unknown, how: TryOptions) => input(how) : tier.via;
      const how = {
        model: tier.model,
        maxTokens: tier.maxTokens,
        temperature: tier.temperature,
        signal,
        attempt: number,
      };
      const record = (outcome: Outcome, more: Partial<AttemptRecord>): void => {
        records.push({
          number,
          reason,
          tier,
          rank,
          outcome,
          verdict: undefined,
          error: undefined,
          cause: undefined,
          ...more,
        });
      };

      let outcome: Outcome;
      let error: unknown;
      let verdict: Verdict | undefined;
      try {
        signal?.throwIfAborted();
        const value = await context.with(parent, () => withFrame({ tag, attempt }, async () => via(input, how)));
        verdict = isStream(value)
          ? unjudged(value)
          : await withFrame({ attempt: undefined }, () => judge(value, chosen.validate));
        outcome = verdict.cause === undefined ? 'accepted' : 'rejected';
        attempt.settle(outcome, verdict, value, undefined);
        record(outcome, { verdict, cause: verdict.cause });
      } catch (thrown) {
        error = thrown;
        outcome = isAbort(thrown) || signal?.aborted ? 'canceled' : 'failed';
        attempt.settle(outcome, undefined, undefined, thrown);
        record(outcome, { error: thrown, cause: outcome === 'failed' ? causeOf(thrown) : undefined });
      }

      if (outcome === 'failed' && !isProviderFailure(error)) {
        finish('failed', error);
        throw error; // the app's own code: no other model will mend it
      }
      const move = nextMove({
        outcome,
        isRetryable: isRetryable(error),
        retriesLeft,
        tiersLeft: chosen.tiers.length - 1 - rank,
      });
      if (move === 'stop') {
        finish(outcome, error);
        if (outcome === 'accepted') return { answer: verdict?.answer, call: ref() };
        throw outcome === 'canceled' ? error : new RouteError(tag, records, ref());
      }
      if (move === 'retry') {
        retriesLeft--;
        try {
          await sleep(waitMs(error, random, clock()), signal);
        } catch (aborted) {
          finish('canceled');
          throw aborted;
        }
      } else {
        rank++;
        retriesLeft = retriesPerTier;
      }
      reason = move;
    }
  }

  return { version: table.version, route } as Router<T>;
}

const unjudged = (answer: unknown): Verdict => ({
  result: 'none',
  name: undefined,
  score: undefined,
  reason: undefined,
  cause: undefined,
  answer,
});

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, aborted) => {
    const stop = (): void => {
      clearTimeout(timer);
      aborted(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      done();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
