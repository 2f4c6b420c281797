/** A simulated session as the spans our SDK would have sent, in OTLP's protobuf. */
import { type Attribute, type Cost, usd } from '@routescope/conventions';
import type { SimulatedAttempt, SimulatedCall, SimulatedSession } from './calls.ts';
import { Bytes } from './protobuf.ts';
import { experiment, type Model, type Release } from './story.ts';

/** Simulated history keeps to itself: panels and alerts tell environments apart. */
export const environment = 'simulated';
export const service = 'research-assistant';

type Attributes = Partial<Record<Attribute, string | number | boolean | readonly string[] | undefined>>;

const hosts: Readonly<Record<Model['provider'], string>> = {
  openai: 'api.openai.com',
  anthropic: 'api.anthropic.com',
};
const kinds = { internal: 1, server: 2, client: 3 } as const;

/** Numbers the spans of one release, as the SDK of one process would. */
export class Emitter {
  readonly release: Release;
  readonly id: string;
  #sequence = 0;

  constructor(release: Release) {
    this.release = release;
    this.id = `simulated-${release.at}`;
  }

  next(): number {
    return ++this.#sequence;
  }
}

/** Collects spans of one emitter; it is a resource, as a process is. */
export class SpanBatch {
  readonly #emitter: Emitter;
  /** The field `spans` of a ScopeSpans, as often as there are spans. */
  readonly #spans = new Bytes();
  readonly #one = new Bytes();
  #count = 0;

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
  }

  get emitter(): Emitter {
    return this.#emitter;
  }

  get count(): number {
    return this.#count;
  }

  add(session: SimulatedSession): void {
    const { traceId, rootId } = session;
    const root = { traceId, spanId: rootId, parentId: '', startedAt: session.startedAt, endedAt: session.endedAt };
    this.#span({ ...root, name: 'POST /ask', kind: kinds.server, isError: false }, {});
    for (const call of session.calls) {
      const common = commonAttributes(session, call);
      if (call.step) {
        const { callId: spanId, startedAt, endedAt } = call;
        const span = { traceId, spanId, parentId: rootId, name: `route ${call.step.tag}`, kind: kinds.internal };
        const isError = call.outcome === 'failed';
        this.#span(
          { ...span, startedAt, endedAt, isError },
          { ...common, ...callAttributes(call), ...this.#numbered() },
        );
      }
      for (const [index, attempt] of call.attempts.entries()) {
        const { spanId, startedAt, endedAt } = attempt;
        const parentId = call.step ? call.callId : rootId;
        const span = { traceId, spanId, parentId, name: `chat ${attempt.model.name}`, kind: kinds.client };
        const isError = attempt.outcome === 'failed';
        const inRoute = call.step && routedAttributes(call, attempt, index + 1);
        const attributes = { ...common, ...inRoute, ...attemptAttributes(attempt), ...this.#numbered() };
        this.#span({ ...span, startedAt, endedAt, isError }, attributes);
      }
    }
  }

  /** The ExportTraceServiceRequest of what was added. */
  request(): Buffer {
    const resource = new Bytes();
    resource.attribute(1, 'service.name', service);
    resource.attribute(1, 'service.version', this.#emitter.release.serviceVersion);
    resource.attribute(1, 'deployment.environment.name', environment);
    const scope = new Bytes();
    scope.text(1, 'routescope.simulate');
    const scopeSpans = new Bytes();
    scopeSpans.bytes(1, scope.view());
    const head = Buffer.from(scopeSpans.view());
    const resourceSpans = new Bytes();
    resourceSpans.bytes(1, resource.view());
    resourceSpans.bytes(2, Buffer.concat([head, this.#spans.view()]));
    const request = new Bytes();
    request.bytes(1, resourceSpans.view());
    return request.view();
  }

  #numbered(): Attributes {
    return { 'routescope.emitter.id': this.#emitter.id, 'routescope.emitter.sequence': this.#emitter.next() };
  }

  #span(facts: SpanFacts, attributes: Attributes): void {
    const span = this.#one;
    span.clear();
    span.hex(1, facts.traceId);
    span.hex(2, facts.spanId);
    if (facts.parentId !== '') span.hex(4, facts.parentId);
    span.text(5, facts.name);
    span.whole(6, facts.kind);
    span.time(7, facts.startedAt);
    span.time(8, facts.endedAt);
    for (const [key, value] of Object.entries(attributes))
      if (value !== undefined && value !== '') span.attribute(9, key, value);
    if (facts.isError) {
      const status = new Bytes();
      status.whole(3, 2);
      span.bytes(15, status.view());
    }
    this.#spans.bytes(2, span.view());
    this.#count++;
  }
}

interface SpanFacts {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isError: boolean;
}

function commonAttributes(session: SimulatedSession, call: SimulatedCall): Attributes {
  const conversation: Attributes = {
    'gen_ai.conversation.id': session.id,
    'routescope.feature': session.feature,
    'routescope.user.segment': session.segment,
  };
  if (!call.step) return conversation;
  return {
    ...conversation,
    'routescope.tag': call.step.tag,
    'routescope.route.version': session.release.routeVersion,
    'routescope.route.policy': 'static',
    'routescope.route.reason': call.arm === undefined ? 'default' : 'experiment',
    'routescope.prompt.version': session.release.promptVersion,
    'routescope.experiment.name': call.arm && experiment.name,
    'routescope.experiment.arm': call.arm,
  };
}

function callAttributes(call: SimulatedCall): Attributes {
  const { attempts } = call;
  const first = attempts[0] as SimulatedAttempt;
  const final = attempts.at(-1) as SimulatedAttempt;
  const firstAnswer = attempts.find(({ verdict }) => verdict !== 'none');
  const count = (reason: SimulatedAttempt['reason']): number =>
    attempts.filter((attempt) => attempt.reason === reason).length;
  const cause = (reason: SimulatedAttempt['reason']): string | undefined =>
    attempts.find((attempt) => attempt.reason === reason)?.cause;
  return {
    'routescope.first.tier.name': first.tier,
    'routescope.first.tier.rank': first.rank,
    'routescope.first.model': first.model.name,
    'routescope.final.tier.name': final.tier,
    'routescope.final.tier.rank': final.rank,
    'routescope.final.model': final.model.name,
    'routescope.attempt.count': attempts.length,
    'routescope.retry.count': count('retry'),
    'routescope.rerun.count': 0,
    'routescope.fallback.count': count('fallback'),
    'routescope.failover.count': count('failover'),
    'routescope.fallback.cause': cause('fallback'),
    'routescope.failover.cause': cause('failover'),
    'routescope.checked': firstAnswer !== undefined && firstAnswer.rank < (call.step?.tiers.length ?? 0) - 1,
    'routescope.escalated': call.outcome === 'accepted' && final.rank > first.rank,
    'routescope.outcome': call.outcome,
    'routescope.quality.bar': call.step?.score.bar,
    'routescope.decision.duration': (first.startedAt - call.startedAt) / 1_000,
    'routescope.baseline.model': call.step?.baseline.name,
    'routescope.baseline.cost': money(call.baseline?.totalPico),
    'error.type': final.errorType,
    ...verdictAttributes(call, final),
    ...costAttributes(call.cost),
  };
}

function routedAttributes(call: SimulatedCall, attempt: SimulatedAttempt, number: number): Attributes {
  return {
    'routescope.call.id': call.callId,
    'routescope.tier.name': attempt.tier,
    'routescope.tier.rank': attempt.rank,
    'routescope.attempt.number': number,
    'routescope.attempt.reason': attempt.reason,
    'routescope.attempt.cause': attempt.cause,
    ...verdictAttributes(call, attempt),
  };
}

function attemptAttributes(attempt: SimulatedAttempt): Attributes {
  const { model, usage, isStream, firstChunkAt, outcome, errorType } = attempt;
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': model.provider,
    'server.address': hosts[model.provider],
    'gen_ai.request.model': model.name,
    'gen_ai.response.model': errorType ? undefined : model.name,
    'gen_ai.response.finish_reasons': errorType ? undefined : ['stop'],
    'gen_ai.request.stream': isStream || undefined,
    'gen_ai.response.time_to_first_chunk': firstChunkAt && (firstChunkAt - attempt.startedAt) / 1_000,
    'routescope.stream.outcome': isStream
      ? errorType
        ? 'error'
        : outcome === 'canceled'
          ? 'cancelled'
          : 'complete'
      : undefined,
    'gen_ai.usage.input_tokens': usage.inputTokens ?? undefined,
    'gen_ai.usage.output_tokens': usage.outputTokens ?? undefined,
    'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens ?? undefined,
    'gen_ai.usage.cache_write.input_tokens': usage.cacheWriteTokens ?? undefined,
    'routescope.usage.source': usage.inputTokens === null ? 'missing' : 'provider',
    'routescope.outcome': outcome,
    'error.type': errorType,
    ...costAttributes(attempt.cost),
  };
}

function verdictAttributes({ step }: SimulatedCall, { verdict }: SimulatedAttempt): Attributes {
  if (verdict === 'none') return { 'routescope.validation.result': verdict };
  return {
    'routescope.validation.name': step?.validator,
    'routescope.validation.result': verdict,
    'routescope.validation.reason': verdict === 'fail' ? 'shape' : undefined,
  };
}

function costAttributes(cost: Cost): Attributes {
  return {
    'routescope.cost.total': money(cost.totalPico),
    'routescope.cost.input': money(cost.inputPico),
    'routescope.cost.cache_read': money(cost.cacheReadPico || null),
    'routescope.cost.cache_write': money(cost.cacheWritePico || null),
    'routescope.cost.output': money(cost.outputPico),
    'routescope.cost.status': cost.status,
    'routescope.cost.source': cost.totalPico === null ? undefined : 'local',
    'routescope.cost.price_version': cost.priceVersion ?? undefined,
  };
}

const money = (pico: number | null | undefined): number | undefined => (pico == null ? undefined : usd(pico));
