/** Adopting what other instrumentations make, and sampling that numbers can bear. */
import { readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';
import { type Attributes, context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withSession, withTag } from '../context.ts';
import { observe } from '../observe/observe.ts';
import { createRouter, routes } from '../router/index.ts';
import { adopt, everyCall, keepShare } from './index.ts';

const exporter = new InMemorySpanExporter();
const adopting: SpanProcessor = adopt();
const provider = new BasicTracerProvider({ spanProcessors: [adopting, new SimpleSpanProcessor(exporter)] });
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(provider);
});
beforeEach(() => exporter.reset());

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../../test/fixtures/${name}`, import.meta.url), 'utf8');
const json = (body: string): Response => new Response(body, { headers: { 'content-type': 'application/json' } });
const finished = (name?: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => name === undefined || span.name === name);

interface Recorded {
  readonly by: string;
  readonly scope: string;
  readonly name: string;
  readonly begun: Attributes;
  readonly ended: Attributes;
}
const recorded: readonly Recorded[] = JSON.parse(fixture('spans/other-instrumentations.json')).spans;
const isAgent = ({ name }: Recorded): boolean => name === 'ai.generateText' || name === 'ai.streamText';

/** Makes the span again as its instrumentation did: attributes at the start, then those at the end. */
function replay({ scope, name, begun, ended }: Recorded): void {
  const span = provider.getTracer(scope).startSpan(name, { kind: SpanKind.CLIENT, attributes: begun });
  span.setAttributes(ended);
  span.end();
}

describe('a span of another instrumentation', () => {
  test.each(recorded.filter((each) => !isAgent(each)))('$by, $name: gets tag, session and cost', async (span) => {
    withSession('s1', () => withTag('holiday', () => replay(span)));
    const [made] = finished();
    const usd = span.name === 'ai.streamText.doStream' ? 0.0001216 : 0.0001468;
    expect(made?.attributes).toMatchObject({
      ...span.ended,
      'routescope.tag': 'holiday',
      'gen_ai.conversation.id': 's1',
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'routescope.usage.source': 'provider',
      'routescope.cost.status': 'priced',
      'routescope.cost.source': 'local',
      'routescope.cost.total': usd,
      'routescope.emitter.sequence': expect.any(Number),
    });
  });

  test.each(recorded.filter(isAgent))('$by, $name: repeats its children, and is not counted', (span) => {
    withTag('holiday', () => replay(span));
    expect(finished()[0]?.attributes).not.toHaveProperty('routescope.cost.total');
    expect(finished()[0]?.attributes).not.toHaveProperty('gen_ai.operation.name');
  });

  test('Anthropic’s own tracing is adopted while it runs', async () => {
    const answer = fixture('providers/anthropic/anthropic-json-tool.1.json');
    const client = new Anthropic({ apiKey: 'k', fetch: async () => json(answer) });
    const ask = () =>
      client.messages.create({
        model: 'claude-haiku-4-5-20251001',
        messages: [{ role: 'user', content: 'x' }],
        max_tokens: 8,
      });
    await withSession('s1', () => withTag('extract', ask));
    const [made] = finished('anthropic.messages.create');
    expect(made?.instrumentationScope.name).toMatch(/^com\.anthropic/);
    expect(made?.attributes).toMatchObject({
      'routescope.tag': 'extract',
      'gen_ai.conversation.id': 's1',
      'gen_ai.usage.input_tokens': 1_151,
      'gen_ai.usage.output_tokens': 87,
      'routescope.cost.total': 0.001586,
      'routescope.cost.status': 'priced',
    });
  });

  test('has its tier’s price, its own session, and the cost its sender says', () => {
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o' };
    const scope = '@opentelemetry/instrumentation-openai';
    const usage = { 'gen_ai.usage.input_tokens': 1_000, 'gen_ai.usage.output_tokens': 100 };
    replay({
      by: '',
      scope,
      name: 'tier',
      begun: attributes,
      ended: { ...usage, 'openai.response.service_tier': 'priority' },
    });
    replay({
      by: '',
      scope,
      name: 'asked',
      begun: { ...attributes, 'gen_ai.openai.request.service_tier': 'priority' },
      ended: usage,
    });
    withSession('ours', () =>
      replay({
        by: '',
        scope,
        name: 'own',
        begun: { ...attributes, 'gen_ai.conversation.id': 'theirs' },
        ended: usage,
      }),
    );
    replay({ by: '', scope, name: 'said', begun: attributes, ended: { ...usage, 'gen_ai.usage.cost.amount': 0.5 } });
    expect(finished('tier')[0]?.attributes['routescope.cost.total']).toBe(0.00595);
    expect(finished('asked')[0]?.attributes['routescope.cost.total']).toBe(0.00595);
    expect(finished('own')[0]?.attributes['gen_ai.conversation.id']).toBe('theirs');
    expect(finished('said')[0]?.attributes).not.toHaveProperty('routescope.cost.total');
  });

  test('of a cache that a provider counts beside its input has all of the input priced', () => {
    replay({
      by: '',
      scope: 'ai',
      name: 'cached',
      begun: {
        'ai.operationId': 'ai.generateText.doGenerate',
        'ai.model.provider': 'anthropic.messages',
        'ai.model.id': 'claude-haiku-4-5',
      },
      ended: { 'ai.usage.inputTokens': 10, 'ai.usage.cachedInputTokens': 1_000, 'ai.usage.outputTokens': 0 },
    });
    expect(finished()[0]?.attributes).toMatchObject({
      'gen_ai.provider.name': 'anthropic',
      'routescope.cost.total': 0.00011,
    });
  });

  test('around nothing of a model is left as it is', () => {
    replay({ by: '', scope: 'http', name: 'GET', begun: { 'url.full': 'https://x' }, ended: {} });
    expect(finished()[0]?.attributes).toEqual({ 'url.full': 'https://x' });
  });

  test('below an observed client’s own is marked as the same call seen twice', async () => {
    const body = fixture('providers/openai/chat/openai-text.json');
    const [otel] = recorded.filter(({ scope }) => scope === '@opentelemetry/instrumentation-openai');
    const client = observe(
      new OpenAI({
        apiKey: 'k',
        fetch: async () => {
          replay(otel as Recorded);
          return json(body);
        },
      }),
    );
    await client.chat.completions.create({ model: 'gpt-4.1-nano', messages: [] });
    const [theirs, ours] = finished();
    expect(ours?.instrumentationScope.name).toBe('@routescope/sdk');
    expect(theirs?.attributes['routescope.duplicate_of']).toBe(ours?.spanContext().spanId);
    expect(theirs?.attributes).not.toHaveProperty('routescope.cost.total');
  });

  test('inside a route is the attempt, and the call has its cost', async () => {
    const [otel] = recorded.filter(({ scope }) => scope === '@opentelemetry/instrumentation-openai');
    const via = async () => {
      replay(otel as Recorded);
      return 'answer';
    };
    const table = routes({
      job: { why: 'test', caughtBy: 'nothing', tiers: [{ name: 'small', model: 'gpt-4.1-nano', via }] },
    });
    await createRouter(table).route('job', { messages: [] });
    const call = finished('route job')[0] as ReadableSpan;
    const [attempt, ...more] = finished('chat gpt-4.1-nano');
    expect(more).toEqual([]);
    expect(attempt?.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect(attempt?.attributes).toMatchObject({
      'routescope.call.id': call.spanContext().spanId,
      'routescope.tier.name': 'small',
      'routescope.attempt.number': 1,
    });
    expect(call.attributes).toMatchObject({ 'routescope.cost.total': 0.0001468, 'routescope.cost.status': 'priced' });
  });
});

describe('sampling', () => {
  const tracerOf = (sampler: Sampler) =>
    new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('t');
  /** What the sidecar makes of the trace state: calls that the span stands for. */
  const weightOf = (span: ReadableSpan): number => {
    const threshold = /th:([0-9a-f]{1,14})/.exec(span.spanContext().traceState?.get('ot') ?? '')?.[1];
    return threshold === undefined ? 1 : 2 ** 56 / (2 ** 56 - Number.parseInt(threshold.padEnd(14, '0'), 16));
  };

  test.each([1, 0.5, 0.1, 0.001])('a share of %d is said by every trace kept', (share) => {
    const tracer = tracerOf(keepShare(share));
    const made = 5_000;
    for (let i = 0; i < made; i++) tracer.startSpan('root', { root: true }).end();
    for (const span of finished()) expect(weightOf(span)).toBeCloseTo(1 / share, 6);
    const estimate = finished().reduce((sum, span) => sum + weightOf(span), 0);
    // Six standard errors of a binomial share.
    expect(Math.abs(estimate - made)).toBeLessThanOrEqual(6 * Math.sqrt((made * (1 - share)) / share));
  });

  test('of nothing keeps nothing, and what is no share is refused', () => {
    tracerOf(keepShare(0)).startSpan('root').end();
    expect(finished()).toEqual([]);
    for (const wrong of [-0.1, 1.1, Number.NaN]) expect(() => keepShare(wrong)).toThrow(RangeError);
  });

  test('a trace is kept whole, with its share', () => {
    const tracer = tracerOf(keepShare(0.5));
    for (let i = 0; i < 50; i++) {
      const root = tracer.startSpan('root', { root: true });
      tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root)).end();
      root.end();
    }
    expect(finished('child').length).toBe(finished('root').length);
    for (const span of finished('child')) expect(weightOf(span)).toBe(2);
  });

  test('every call is recorded when that was asked for, stands for itself, and brings what is inside of it', () => {
    const tracer = tracerOf(everyCall(new ParentBasedSampler({ root: new AlwaysOffSampler() })));
    const request = tracer.startSpan('GET /answer', { root: true });
    const inside = trace.setSpan(ROOT_CONTEXT, request);
    const call = tracer.startSpan('route job', { attributes: { 'routescope.tag': 'job' } }, inside);
    const attempt = tracer.startSpan(
      'chat',
      { attributes: { 'gen_ai.operation.name': 'chat' } },
      trace.setSpan(inside, call),
    );
    tracer.startSpan('POST', {}, trace.setSpan(inside, attempt)).end();
    tracer.startSpan('SELECT', {}, inside).end();
    for (const span of [attempt, call, request]) span.end();
    expect(finished().map(({ name }) => name)).toEqual(['POST', 'chat', 'route job']);
  });

  test('a call in a trace of which few are kept is not multiplied when every call is recorded', () => {
    const tracer = tracerOf(everyCall(keepShare(0.5)));
    for (let i = 0; i < 100; i++) {
      const request = tracer.startSpan('GET /answer', { root: true });
      tracer
        .startSpan('route job', { attributes: { 'routescope.tag': 'job' } }, trace.setSpan(ROOT_CONTEXT, request))
        .end();
      request.end();
    }
    expect(finished('route job').map(weightOf)).toEqual(Array.from({ length: 100 }, () => 1));
    for (const span of finished('GET /answer')) expect(weightOf(span)).toBe(2);
  });
});
