/** From a story to its sessions: every call with its attempts, decided by seeded chance. */
import {
  type AttemptCause,
  type AttemptReason,
  type Cost,
  costOf,
  type Outcome,
  sumCosts,
  type Usage,
  unknownUsage,
  type ValidationResult,
} from '@routescope/conventions';
import { catalog, type PriceBook } from '@routescope/conventions/prices';
import { type Random, randomOf } from './random.ts';
import {
  type Choice,
  experiment,
  type Incident,
  type Model,
  type Release,
  type Step,
  type Story,
  type Tier,
  tables,
  unrouted,
} from './story.ts';

/** Times are epoch milliseconds with fractions. */
export interface SimulatedAttempt {
  readonly spanId: string;
  readonly model: Model;
  readonly tier: Tier | '';
  readonly rank: number;
  readonly reason: AttemptReason;
  readonly cause: AttemptCause | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly firstChunkAt: number | undefined;
  readonly isStream: boolean;
  readonly usage: Usage;
  readonly cost: Cost;
  readonly outcome: Outcome;
  readonly verdict: ValidationResult;
  readonly errorType: string | undefined;
}

interface SimulatedScore {
  readonly name: string;
  readonly value: number;
  readonly by: string;
  readonly at: number;
}

export interface SimulatedCall {
  readonly callId: string;
  /** Undefined: an observed client without a route. */
  readonly step: Step | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attempts: readonly SimulatedAttempt[];
  readonly outcome: Outcome;
  readonly cost: Cost;
  readonly baseline: Cost | undefined;
  readonly arm: keyof typeof experiment.arms | undefined;
  readonly scores: readonly SimulatedScore[];
}

export interface SimulatedSession {
  readonly id: string;
  readonly traceId: string;
  /** The app's own span around the session. */
  readonly rootId: string;
  readonly feature: string;
  readonly segment: string;
  readonly release: Release;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly calls: readonly SimulatedCall[];
}

const hourMs = 3_600_000;
const callsPerSession = tables.v2.length;
/** Share of calls that a judge scores, and of unanswered tries that are tried again at the same model. */
const scoredShare = 0.15;
const failedShare = 0.004;

/** Sessions in the order of their start; none ends after the story. */
export function* sessionsOf(story: Story, callsPerHour: number, seed: number): Generator<SimulatedSession> {
  const book = catalog();
  const told = Math.imul(story.from / 60_000, 31) + story.to / 60_000;
  const arrivals = randomOf(seed, 0, told);
  let number = 0;
  for (let hour = story.from; hour < story.to; hour += hourMs) {
    const length = Math.min(hourMs, story.to - hour);
    const busy = changed(story.incidents, hour, {}, 'sessions', 1) * busyness(hour);
    const starts = Array.from(
      { length: arrivals.poisson(((callsPerHour / callsPerSession) * busy * length) / hourMs) },
      () => hour + arrivals.uniform() * length,
    ).sort((a, b) => a - b);
    for (const startedAt of starts) {
      const session = new Telling(story, book, randomOf(seed, ++number, told)).session(startedAt);
      if (session.endedAt < story.to) yield session;
    }
  }
}

/** Traffic by the hour, 1 on average over a week: busy in the afternoon, calm at night and on weekends. */
function busyness(at: number): number {
  const time = new Date(at);
  const ofDay = 1 + 0.75 * Math.sin(((time.getUTCHours() - 8.5) / 24) * 2 * Math.PI);
  const isWeekend = time.getUTCDay() % 6 === 0;
  return ofDay * (isWeekend ? 0.6 : 1.16);
}

type Change = 'rejectedRate' | 'failedRate' | 'overriddenRate' | 'latency' | 'inputTokens' | 'score' | 'sessions';

/** What `change` is at that time for whom it hits; the last incident that says anything wins. */
function changed(
  incidents: readonly Incident[],
  at: number,
  whom: { tag?: string | undefined; provider?: string },
  change: Change,
  otherwise: number,
): number {
  let value = otherwise;
  for (const incident of incidents) {
    if (at < incident.from || at >= incident.to) continue;
    if (incident.tag !== undefined && incident.tag !== whom.tag) continue;
    if (incident.provider !== undefined && incident.provider !== whom.provider) continue;
    value = incident[change] ?? value;
  }
  return value;
}

/** One session is told in order, by one source of chance, along one clock. */
class Telling {
  readonly #story: Story;
  readonly #book: PriceBook;
  readonly #random: Random;
  #now = 0;

  constructor(story: Story, book: PriceBook, random: Random) {
    this.#story = story;
    this.#book = book;
    this.#random = random;
  }

  session(startedAt: number): SimulatedSession {
    const random = this.#random;
    const release = this.#story.releases.findLast(({ at }) => at <= startedAt) ?? this.#story.releases[0];
    const isTried = release.routeVersion !== 'v1';
    const arm = isTried ? (random.chance(0.5) ? 'nano' : 'control') : undefined;
    this.#now = startedAt + 2;
    const calls = tables[release.routeVersion].map((step) =>
      this.#call(step, step.tag === experiment.tag ? arm : undefined),
    );
    if (random.chance(unrouted.share)) calls.push(this.#unroutedCall());
    return {
      id: `session-${random.hex(12)}`,
      traceId: random.hex(32),
      rootId: random.hex(16),
      feature: random.pick([
        ['search', 6],
        ['report', 3],
        ['chat', 1],
      ]),
      segment: random.pick([
        ['free', 5],
        ['pro', 4],
        ['enterprise', 1],
      ]),
      release,
      startedAt,
      endedAt: this.#now + 1,
      calls,
    };
  }

  #call(step: Step, arm: SimulatedCall['arm']): SimulatedCall {
    const random = this.#random;
    const startedAt = this.#now;
    const tiers = arm === undefined ? step.tiers : [experiment.arms[arm], ...step.tiers.slice(1)];
    const attempts: SimulatedAttempt[] = [];
    let rank = 0;
    let reason: AttemptReason = 'first';
    let isRetried = false;
    let outcome: Outcome = 'failed';
    for (;;) {
      this.#now += 0.05 + 0.2 * random.uniform(); // what choosing takes
      const attempt = this.#attempt(step, tiers[rank] as Choice, rank, reason, attempts);
      attempts.push(attempt);
      outcome = attempt.outcome;
      if (outcome === 'accepted' || outcome === 'canceled') break;
      if (outcome === 'failed' && !isRetried) {
        isRetried = true;
        reason = 'retry';
        this.#now += 300 * random.logNormal(0.4);
      } else if (rank + 1 < tiers.length) {
        rank++;
        isRetried = false;
        reason = outcome === 'rejected' ? 'fallback' : 'failover';
      } else break;
    }
    this.#now += 0.02 + 0.1 * random.uniform();
    const served = attempts.at(-1) as SimulatedAttempt;
    return {
      callId: random.hex(16),
      step,
      startedAt,
      endedAt: this.#now,
      attempts,
      outcome,
      cost: sumCosts(attempts.map(({ cost }) => cost)),
      baseline: outcome === 'accepted' ? this.#costAt(step.baseline, served.usage) : undefined,
      arm,
      scores: outcome === 'accepted' ? this.#scores(step, served, arm) : [],
    };
  }

  #attempt(
    step: Step,
    { tier, model }: Choice,
    rank: number,
    reason: AttemptReason,
    before: readonly SimulatedAttempt[],
  ): SimulatedAttempt {
    const random = this.#random;
    const { incidents } = this.#story;
    const startedAt = this.#now;
    const whom = { tag: step.tag, provider: model.provider };
    const now = (change: Change, otherwise: number): number => changed(incidents, startedAt, whom, change, otherwise);
    const previous = before.at(-1);
    const cause: AttemptCause | undefined =
      previous === undefined
        ? undefined
        : previous.outcome === 'rejected'
          ? 'validation_failed'
          : previous.errorType === 'rate_limit_exceeded'
            ? 'rate_limited'
            : previous.errorType === 'timeout'
              ? 'timeout'
              : 'provider_error';
    const common = {
      spanId: random.hex(16),
      model,
      tier,
      rank,
      reason,
      cause,
      startedAt,
      isStream: step.isStream ?? false,
    };
    const latency = now('latency', 1) * random.logNormal(0.35);
    if (random.chance(now('failedRate', failedShare))) {
      this.#now += 900 * latency;
      const errorType = random.pick([
        ['overloaded_error', 5],
        ['rate_limit_exceeded', 3],
        ['timeout', 2],
      ]);
      return {
        ...common,
        endedAt: this.#now,
        firstChunkAt: undefined,
        usage: unknownUsage,
        cost: costOf(unknownUsage, undefined),
        outcome: 'failed',
        verdict: 'none',
        errorType,
      };
    }
    const usage = this.#usage(now('inputTokens', 1) * step.inputTokens, step.outputTokens, model.provider);
    const firstChunkAt = startedAt + model.firstChunkMs * latency;
    this.#now = firstChunkAt + (model.perThousandTokensMs * latency * (usage.outputTokens ?? 0)) / 1_000;
    const endedAt = this.#now;
    const isChecked = step.validator !== undefined;
    const isCanceled = common.isStream && random.chance(0.03);
    if (isChecked) this.#now += 0.3 * random.logNormal(0.5);
    const rejectedRate = rank === 0 ? now('rejectedRate', step.rejected) : step.rejected / 4;
    const isRejected = isChecked && random.chance(rejectedRate);
    return {
      ...common,
      endedAt,
      firstChunkAt: common.isStream ? firstChunkAt : undefined,
      usage,
      cost: this.#costAt(model, usage),
      outcome: isCanceled ? 'canceled' : isRejected ? 'rejected' : 'accepted',
      verdict: !isChecked ? 'none' : isRejected ? 'fail' : 'pass',
      errorType: undefined,
    };
  }

  #unroutedCall(): SimulatedCall {
    const { model, inputTokens, outputTokens } = unrouted;
    const random = this.#random;
    const startedAt = this.#now;
    const usage = this.#usage(inputTokens, outputTokens, model.provider);
    const took =
      (model.firstChunkMs + (model.perThousandTokensMs * (usage.outputTokens ?? 0)) / 1_000) * random.logNormal(0.35);
    this.#now += took;
    const spanId = random.hex(16);
    const cost = this.#costAt(model, usage);
    const attempt: SimulatedAttempt = {
      spanId,
      model,
      tier: '',
      rank: 0,
      reason: 'first',
      cause: undefined,
      startedAt,
      endedAt: this.#now,
      firstChunkAt: undefined,
      isStream: false,
      usage,
      cost,
      outcome: 'accepted',
      verdict: 'none',
      errorType: undefined,
    };
    return {
      callId: spanId,
      step: undefined,
      startedAt,
      endedAt: this.#now,
      attempts: [attempt],
      outcome: 'accepted',
      cost,
      baseline: undefined,
      arm: undefined,
      scores: [],
    };
  }

  #usage(inputTokens: number, outputTokens: number, provider: Model['provider']): Usage {
    const random = this.#random;
    const input = Math.max(1, Math.round(inputTokens * random.logNormal(0.35)));
    const cacheRead = input > 1_024 && random.chance(0.4) ? Math.floor((input * 0.6) / 128) * 128 : 0;
    const cacheWrite = provider === 'anthropic' && cacheRead === 0 && input > 2_048 && random.chance(0.1) ? 1_024 : 0;
    return {
      inputTokens: input,
      outputTokens: Math.max(1, Math.round(outputTokens * random.logNormal(0.45))),
      cacheReadTokens: cacheRead,
      cacheWriteTokens: cacheWrite,
      cacheWrite1hTokens: null,
      reasoningTokens: 0,
    };
  }

  #costAt(model: Model, usage: Usage): Cost {
    return costOf(usage, this.#book.find({ provider: model.provider, model: model.name, at: this.#now }));
  }

  #scores(step: Step, served: SimulatedAttempt, arm: SimulatedCall['arm']): SimulatedScore[] {
    const random = this.#random;
    const whom = { tag: step.tag, provider: served.model.provider };
    const now = (change: Change, otherwise: number): number =>
      changed(this.#story.incidents, served.startedAt, whom, change, otherwise);
    const later = (medianMs: number): number => Math.min(this.#now + medianMs * random.logNormal(0.8), this.#story.to);
    const scores: SimulatedScore[] = [];
    if (random.chance(scoredShare)) {
      const { name, mean, isYesNo } = step.score;
      const level = Math.min(1, mean * now('score', 1) * (served.rank > 0 ? 1.04 : 1) * (arm === 'nano' ? 0.97 : 1));
      const value = isYesNo ? Number(random.chance(level)) : clamped(level + 0.12 * random.normal());
      scores.push({ name, value, by: 'judge', at: later(600_000) });
    }
    if (step.shown !== undefined && random.chance(step.shown)) {
      scores.push({ name: 'shown', value: 1, by: 'app', at: this.#now });
      if (random.chance(now('overriddenRate', step.overridden ?? 0)))
        scores.push({ name: 'human_override', value: 1, by: 'user', at: later(120_000) });
    }
    return scores;
  }
}

const clamped = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1_000) / 1_000;
