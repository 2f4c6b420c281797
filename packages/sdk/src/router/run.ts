/**
 * One routed call: one call span, attempts below it, a validator after each answer, and the next move until the answer
 * is accepted or nothing is left to try. It is the only retry loop.
 */
import { type Attributes, type Context, context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { type Cost, type Outcome, sumCosts } from '@routescope/conventions';
import type { PriceBook } from '@routescope/conventions/prices';
import { currentFrame, withFrame } from '../context.ts';
import { isAbort } from '../observe/ending.ts';
import { present } from '../observe/facts.ts';
import { currentTracer } from '../observe/scope.ts';
import { type Clock, guard, hrTime } from '../telemetry.ts';
import type { ChatInput } from './adapters.ts';
import { read } from './answer.ts';
import { Attempt, type AttemptRecord } from './attempt.ts';
import type { BudgetedCall, Budgets } from './budget.ts';
import { type CallRef, costOfCall, type Decided, finishCall } from './call.ts';
import { type CompiledRoute, compiledRoute, type Place } from './compile.ts';
import { type Timer, withDeadline } from './deadline.ts';
import { BudgetError, RouteError } from './errors.ts';
import { causeOf, headerOf, isProviderFailure, isRetryable, waitMs } from './failure.ts';
import type { Health } from './health.ts';
import { type Limits, limitsOf } from './limits.ts';
import { byConfidence } from './policy/cascade.ts';
import { choose, classifierInput, complexityOf, type Decision, tierOf } from './policy/policy.ts';
import { type RouteSignals, Signals } from './policy/signals.ts';
import type { RouteTable, TryOptions } from './routes.ts';
import type { Stats } from './stats.ts';
import { isStream, openStream } from './stream.ts';
import { judge, unjudged, type Verdict } from './validate.ts';
import { Walk } from './walk.ts';

/** What every call of a router shares. */
export interface Shared {
  readonly clock: Clock;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly timer: Timer;
  readonly random: () => number;
  readonly patienceMs: number;
  readonly book: () => PriceBook;
  readonly health: Health;
  readonly budgets: Budgets | undefined;
  readonly stats: Stats;
}

export interface RouteCallOptions extends RouteSignals {
  /** Calls off the attempt under way, and every one after it. */
  readonly signal?: AbortSignal;
  /** Whose call it is, for an experiment. Hashed here; it never leaves the process. */
  readonly userId?: string;
  /** Name of the tier to start at, whatever the policy says. */
  readonly tier?: string;
}

/** The arm of an experiment the call is on. */
export interface OnArm {
  readonly experiment: string;
  readonly arm: string;
  /** The tier the arm starts at, where it differs by that. */
  readonly tier: string | undefined;
}

interface Answered {
  readonly answer: unknown;
  readonly call: CallRef;
  /** Of all attempts, once the last has been read. */
  readonly cost: Promise<Cost>;
}

export class Run {
  readonly #shared: Shared;
  readonly #table: RouteTable;
  readonly #tag: string;
  readonly #input: unknown;
  readonly #options: RouteCallOptions;
  readonly #compiled: CompiledRoute;
  readonly #arm: OnArm | undefined;
  readonly #session: string;
  readonly #startedAt: number;
  readonly #span: Span;
  readonly #parent: Context;
  readonly #records: AttemptRecord[] = [];
  readonly #attempts: Attempt[] = [];
  readonly #walk: Walk;
  #common: Attributes;
  #decided: Decided | undefined;
  #validationCost: Cost | undefined;

  constructor(shared: Shared, table: RouteTable, tag: string, input: unknown, options: RouteCallOptions, on?: OnArm) {
    const compiled = compiledRoute(table, tag);
    if (compiled === undefined)
      throw new Error(`${JSON.stringify(tag)} is no tag of the route table: ${Object.keys(table.routes).join(', ')}`);
    this.#shared = shared;
    this.#table = table;
    this.#tag = tag;
    this.#input = input;
    this.#options = options;
    this.#compiled = compiled;
    this.#session = currentFrame().session ?? '';
    this.#startedAt = shared.clock();
    this.#walk = new Walk({ ...shared, compiled, startedAt: this.#startedAt });
    this.#common = {
      'routescope.tag': tag,
      'routescope.route.version': table.version,
      ...present({
        'gen_ai.conversation.id': this.#session || undefined,
        'routescope.feature': options.feature,
        'routescope.user.segment': options.userSegment,
        'routescope.experiment.name': on?.experiment,
        'routescope.experiment.arm': on?.arm,
      }),
    };
    this.#span = currentTracer().startSpan(`route ${tag}`, {
      kind: SpanKind.INTERNAL,
      startTime: hrTime(this.#startedAt),
      attributes: this.#common,
    });
    this.#parent = trace.setSpan(context.active(), this.#span);
    this.#arm = on;
  }

  /** @throws RouteError, BudgetError, the abort error, or the app's own. */
  async go(): Promise<Answered> {
    const started = await this.#start();
    if (!started) {
      const error = new RouteError(this.#tag, [], this.#ref(), this.#walk.notAsked());
      await this.#finish('failed', error);
      throw error;
    }
    for (;;) {
      const { outcome, error, verdict } = await this.#attempt();
      if (outcome === 'failed' && !isProviderFailure(error)) {
        void this.#finish('failed', error);
        throw error; // the app's own code: no other model will mend it
      }
      const { move, waitMs: ms } = this.#walk.next(outcome, error, this.#records.length);
      if (move === 'stop') {
        const cost = this.#finish(outcome, error);
        if (outcome === 'accepted') return { answer: verdict?.answer, call: this.#ref(), cost };
        throw outcome === 'canceled'
          ? error
          : new RouteError(this.#tag, this.#records, this.#ref(), this.#walk.notAsked());
      }
      if (ms === undefined) continue;
      try {
        await this.#shared.sleep(ms, this.#options.signal);
      } catch (aborted) {
        void this.#finish('canceled');
        throw aborted;
      }
    }
  }

  /** Decides where to start, and finds the first place to ask; false when nobody may be asked. */
  async #start(): Promise<boolean> {
    const decision = await this.#decide().catch(async (error: unknown) => {
      await this.#finish(isAbort(error) || this.#options.signal?.aborted ? 'canceled' : 'failed', error);
      throw error;
    });
    const isFound = this.#walk.start(decision.rank);
    const { passed } = this.#walk;
    const isDiverted = isFound && this.#walk.place.rank !== decision.rank;
    this.#common = {
      ...this.#common,
      'routescope.route.policy': decision.policy,
      'routescope.route.reason': (isDiverted && passed[0]?.cause) || decision.reason,
    };
    this.#span.setAttributes(this.#common);
    this.#decided = { seconds: Math.max(0, this.#shared.clock() - this.#startedAt) / 1000, cost: this.#decided?.cost };
    if (passed.length > 0) this.#shared.stats.diverted++;
    return isFound;
  }

  async #decide(): Promise<Decision> {
    const { route } = this.#compiled;
    const { tier } = this.#options;
    const at = (name: string, reason: string): Decision => {
      const rank = route.tiers.findIndex((each) => each.name === name);
      if (rank < 0)
        throw new Error(
          `${JSON.stringify(name)} is no tier of ${JSON.stringify(this.#tag)}: ${route.tiers.map((each) => each.name).join(', ')}`,
        );
      return { rank, policy: 'static', reason };
    };
    const { action, budget } = this.#shared.budgets?.check(this.#budgeted()) ?? { action: 'none', budget: undefined };
    if (action === 'refuse' && budget) throw new BudgetError(this.#tag, budget.name, this.#ref());
    if (action === 'cheapest') return { rank: 0, policy: 'static', reason: 'budget' };
    if (tier !== undefined) return at(tier, 'override');
    if (this.#arm?.tier !== undefined) return at(this.#arm.tier, 'experiment');
    const signals = new Signals(this.#tag, this.#input, this.#options);
    const choice = choose(route.policy, route.tiers, signals);
    if (!('ask' in choice)) {
      this.#shared.stats.chosen(this.#tag, choice);
      return choice;
    }
    const said = await this.#ask(choice.ask.tag, classifierInput(signals.text));
    this.#decided = { seconds: 0, cost: said.cost };
    const { complexity, isUnderstood } = complexityOf(said.text ?? '');
    if (!isUnderstood) this.#shared.stats.unclear++;
    return {
      rank: tierOf(complexity, choice.ask, route.tiers),
      policy: route.policy?.kind === 'hybrid' ? 'hybrid' : 'classifier',
      reason: complexity.toLowerCase(),
    };
  }

  /** Another route's answer, as a call of its own below this one; no text when it gave none. */
  async #ask(
    tag: string,
    input: ChatInput,
  ): Promise<{ text: string | undefined; cost: Cost | undefined; error?: unknown }> {
    const { signal } = this.#options;
    return context.with(this.#parent, () =>
      withFrame({ attempt: undefined }, async () => {
        try {
          const run = new Run(this.#shared, this.#table, tag, input, signal ? { signal } : {});
          const { answer, cost } = await run.go();
          return { text: typeof answer === 'string' ? answer : JSON.stringify(answer), cost: await cost };
        } catch (error) {
          if (signal?.aborted) throw error;
          return { text: error instanceof RouteError ? read(error.answer).text : undefined, cost: undefined, error };
        }
      }),
    );
  }

  async #attempt(): Promise<{ outcome: Outcome; error?: unknown; verdict?: Verdict }> {
    const shared = this.#shared;
    const { place, reason } = this.#walk;
    const number = this.#records.length + 1;
    const { route } = this.#compiled;
    const wish = typeof this.#input === 'function' ? {} : ((this.#input ?? {}) as Limits);
    const limits = limitsOf(place.tier, wish, reason === 'rerun' ? route.rerun : undefined);
    const attempt = new Attempt({
      tracer: currentTracer(),
      clock: shared.clock,
      parent: this.#parent,
      attributes: {
        ...this.#common,
        'routescope.call.id': this.#span.spanContext().spanId,
        'routescope.tier.name': place.tier.name,
        'routescope.tier.rank': place.rank,
        'routescope.attempt.number': number,
        'routescope.attempt.reason': reason,
        ...present({
          'routescope.attempt.cause': this.#records.at(-1)?.cause,
          'routescope.deployment.name': place.deployment,
        }),
      },
      expected: { model: place.model, ...limits },
      headers: (header) => shared.health.reads(place.provider, header),
      onMismatch: () => void shared.stats.mismatched++,
    });
    this.#attempts.push(attempt);
    const record = (outcome: Outcome, more: Partial<AttemptRecord>): void => {
      this.#records.push({
        number,
        reason,
        tier: place.tier,
        rank: place.rank,
        model: place.model,
        deployment: place.deployment,
        outcome,
        verdict: undefined,
        error: undefined,
        cause: undefined,
        isLate: false,
        ...more,
      });
    };
    shared.health.asks(place.provider);
    let hasAnswered = false;
    try {
      this.#options.signal?.throwIfAborted();
      const value = await withDeadline(this.#walk.msLeft(), this.#options.signal, shared.timer, (signal) =>
        this.#request(place, attempt, { model: place.model, ...limits, signal, attempt: number }, number - 1),
      );
      hasAnswered = true;
      shared.health.hears(place.provider, 'ok');
      const verdict = isStream(value) ? unjudged(value) : await this.#judge(value, place);
      const outcome = verdict.cause === undefined ? 'accepted' : 'rejected';
      attempt.settle(outcome, verdict, value, undefined);
      record(outcome, { verdict, cause: verdict.cause });
      return { outcome, verdict };
    } catch (error) {
      const isCanceled = this.#options.signal?.aborted || isAbort(error);
      const outcome = isCanceled ? 'canceled' : 'failed';
      attempt.settle(outcome, undefined, undefined, error);
      record(outcome, { error, cause: outcome === 'failed' ? causeOf(error) : undefined });
      if (!hasAnswered) this.#tellHealth(place, outcome, error);
      return { outcome, error };
    }
  }

  /** Asks, and, where the answer is a stream, waits for its first chunk. */
  async #request(place: Place, attempt: Attempt, how: TryOptions, index: number): Promise<unknown> {
    const input = this.#input;
    const via = typeof input === 'function' ? (_: unknown, options: TryOptions) => input(options) : place.via;
    const options = place.tier.logprobs ? { ...how, logprobs: true } : how;
    const value = await context.with(this.#parent, () =>
      withFrame({ tag: this.#tag, attempt }, async () => via(input, options)),
    );
    const opened = isStream(value) ? await openStream(value) : undefined;
    if (opened && this.#compiled.route.validate !== undefined) {
      const verdict = opened.whole.then(async (text) => {
        const late = { ...(await this.#judge(text, place)), cause: undefined };
        const record = this.#records[index];
        if (record) this.#records[index] = { ...record, verdict: late, isLate: true };
        return late;
      });
      attempt.judgedLater(verdict);
    }
    return value;
  }

  async #judge(value: unknown, place: Place): Promise<Verdict> {
    const { route } = this.#compiled;
    const ask = async (tag: string, input: ChatInput): Promise<string> => {
      const { text, cost, error } = await this.#ask(tag, input);
      if (cost) this.#validationCost = this.#validationCost ? sumCosts([this.#validationCost, cost]) : cost;
      if (text === undefined) throw error;
      return text;
    };
    const verdict = await withFrame({ attempt: undefined }, () =>
      judge(value, {
        validator: route.validate,
        qualityBar: route.qualityBar,
        context: { input: typeof this.#input === 'function' ? undefined : this.#input, ask },
      }),
    );
    return byConfidence(verdict, value, route.policy, place.rank === route.tiers.length - 1);
  }

  #tellHealth(place: Place, outcome: Outcome, error: unknown): void {
    const { health, random, clock } = this.#shared;
    const isOutage = outcome === 'failed' && isProviderFailure(error) && isRetryable(error);
    health.hears(place.provider, isOutage ? 'failed' : 'none');
    if (outcome !== 'failed') return;
    guard(() => health.reads(place.provider, headerOf(error)));
    if (causeOf(error) === 'rate_limited') health.blocks(place.provider, waitMs(error, random, clock()));
  }

  #budgeted(): BudgetedCall {
    return { tag: this.#tag, session: this.#session, userSegment: this.#options.userSegment };
  }

  #ref(): CallRef {
    const { spanId, traceId } = this.#span.spanContext();
    const last = this.#records.at(-1);
    return {
      id: spanId,
      traceId,
      sessionId: this.#session,
      tag: this.#tag,
      tier: last?.tier.name ?? '',
      model: last?.model ?? '',
      startedAt: this.#startedAt,
    };
  }

  /** @returns what the attempts cost, once the last one has been read. */
  #finish(outcome: Outcome, error?: unknown): Promise<Cost> {
    return new Promise((done) => {
      const end = (): void => {
        const cost = costOfCall(this.#attempts);
        const final = this.#attempts.at(-1)?.outcomeOf(outcome) ?? outcome;
        guard(() => this.#shared.budgets?.spend(this.#budgeted(), cost.totalPico));
        guard(() =>
          finishCall(
            this.#span,
            {
              tag: this.#tag,
              startedAt: this.#startedAt,
              route: this.#compiled.route,
              records: this.#records,
              attempts: this.#attempts,
              outcome: final,
              error,
              decision: this.#decided,
              validationCost: this.#validationCost,
              passed: this.#walk.passed,
            },
            this.#shared.book(),
            this.#shared.clock,
          ),
        );
        done(cost);
      };
      // A stream is still being read by the app: the call ends with it, so that its cost is the call's.
      const last = this.#attempts.at(-1);
      if (last) last.whenClosed(end);
      else end();
    });
  }
}
