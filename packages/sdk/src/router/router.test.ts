/** The router as an app uses it: what it returns and throws, and what its spans say. */
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withSession } from '../context.ts';
import { observe } from '../observe/observe.ts';
import { openaiChat } from './adapters.ts';
import { ChatReply } from './answer.ts';
import { RouteError } from './errors.ts';
import { createRouter } from './route.ts';
import { type Route, routes, type TryOptions, type Via } from './routes.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
beforeEach(() => {
  exporter.reset();
  waits.length = 0;
});
afterEach(() => {
  for (const { attributes, status } of exporter.getFinishedSpans())
    expect(JSON.stringify([attributes, status])).not.toContain('SECRET');
});

const waits: number[] = [];
const options = {
  sleep: async (ms: number, signal: AbortSignal | undefined) => {
    waits.push(ms);
    signal?.throwIfAborted();
  },
  random: () => 0.5,
};

const call = (): ReadableSpan => {
  const calls = exporter.getFinishedSpans().filter((span) => span.name.startsWith('route '));
  expect(calls).toHaveLength(1);
  return calls[0] as ReadableSpan;
};
/** The attempt spans in their order, reduced to the attributes named. */
const attempts = (...names: string[]): unknown[][] =>
  exporter
    .getFinishedSpans()
    .filter((span) => !span.name.startsWith('route '))
    .sort(
      (a, b) => Number(a.attributes['routescope.attempt.number']) - Number(b.attributes['routescope.attempt.number']),
    )
    .map((span) => names.map((name) => span.attributes[`routescope.${name}`]));

class ProviderError extends Error {
  readonly status: number;
  readonly headers: Headers;
  constructor(status: number, headers: Record<string, string> = {}) {
    super('SECRET');
    this.status = status;
    this.headers = new Headers(headers);
  }
}

const reply = (text: string, more: Partial<ChatReply> = {}): ChatReply =>
  new ChatReply({
    text,
    finishReason: 'stop',
    isRefusal: false,
    model: 'm',
    usage: {
      inputTokens: 10,
      outputTokens: 2,
      cacheReadTokens: null,
      cacheWriteTokens: null,
      cacheWrite1hTokens: null,
      reasoningTokens: null,
    },
    raw: undefined,
    ...more,
  });

/** A route of three tiers whose tries go as scripted, one after the other. */
function scripted(script: readonly (ChatReply | Error)[], route: Partial<Route> = {}) {
  const tries: TryOptions[] = [];
  const via: Via = async (_, how) => {
    tries.push(how);
    const next = script[tries.length - 1];
    if (next instanceof Error) throw next;
    return next;
  };
  const tier = (name: string) => ({ name, model: `model-${name}`, via, maxTokens: 9, temperature: 0.5 });
  const table = routes({
    job: {
      why: 'for the test',
      caughtBy: 'regex' as const,
      tiers: [tier('small'), tier('mid'), tier('top')],
      validate: /^good/,
      ...route,
    },
  });
  const router = createRouter(table, options);
  return { tries, ask: () => router.route('job', { messages: [] }), router, table };
}

describe('an answer', () => {
  test('that is accepted at once is one call span and one attempt span below it', async () => {
    const { ask, tries, table } = scripted([reply('good')]);
    const { answer, call: ref } = await withSession('s1', ask);
    expect(answer).toBe('good');
    expect(tries).toEqual([{ model: 'model-small', maxTokens: 9, temperature: 0.5, signal: undefined, attempt: 1 }]);
    expect(ref).toEqual({
      id: call().spanContext().spanId,
      traceId: call().spanContext().traceId,
      sessionId: 's1',
      tag: 'job',
      tier: 'small',
      model: 'model-small',
      startedAt: expect.any(Number),
    });
    expect(call().attributes).toEqual({
      'routescope.tag': 'job',
      'routescope.route.version': table.version,
      'routescope.route.policy': 'static',
      'routescope.route.reason': 'default',
      'gen_ai.conversation.id': 's1',
      'routescope.first.tier.name': 'small',
      'routescope.first.tier.rank': 0,
      'routescope.first.model': 'model-small',
      'routescope.final.tier.name': 'small',
      'routescope.final.tier.rank': 0,
      'routescope.final.model': 'model-small',
      'routescope.attempt.count': 1,
      'routescope.divert.count': 0,
      'routescope.decision.duration': expect.any(Number),
      'routescope.retry.count': 0,
      'routescope.rerun.count': 0,
      'routescope.fallback.count': 0,
      'routescope.failover.count': 0,
      'routescope.checked': true,
      'routescope.escalated': false,
      'routescope.outcome': 'accepted',
      'routescope.validation.name': 'regex',
      'routescope.validation.result': 'pass',
      'routescope.cost.status': 'unpriced',
      'routescope.cost.missing': ['price'],
      'routescope.emitter.id': expect.stringMatching(/^[0-9a-f]{16}$/),
      'routescope.emitter.sequence': expect.any(Number),
    });
    const [attempt] = exporter.getFinishedSpans();
    expect(attempt?.parentSpanContext?.spanId).toBe(call().spanContext().spanId);
    expect(attempt?.attributes).toMatchObject({
      'routescope.call.id': call().spanContext().spanId,
      'routescope.attempt.number': 1,
      'routescope.attempt.reason': 'first',
      'routescope.usage.source': 'provider',
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.conversation.id': 's1',
    });
  });

  test('that is rejected falls back at once; the top tier’s word is not in the fallback rate', async () => {
    const { ask } = scripted([reply('bad'), reply('good')]);
    expect((await ask()).answer).toBe('good');
    expect(waits).toEqual([]);
    expect(attempts('tier.name', 'attempt.reason', 'attempt.cause', 'outcome', 'validation.result')).toEqual([
      ['small', 'first', undefined, 'rejected', 'fail'],
      ['mid', 'fallback', 'validation_failed', 'accepted', 'pass'],
    ]);
    expect(call().attributes).toMatchObject({
      'routescope.fallback.count': 1,
      'routescope.failover.count': 0,
      'routescope.fallback.cause': 'validation_failed',
      'routescope.escalated': true,
      'routescope.checked': true,
    });
    exporter.reset();
    const { tiers } = scripted([]).table.routes['job'] as Route;
    await scripted([reply('good')], { tiers: tiers.slice(2) })
      .ask()
      .catch(() => {});
    expect(call().attributes).toMatchObject({ 'routescope.checked': false });
  });

  test('that nobody accepts is an error with every try in its text, and the last answer', async () => {
    const { ask } = scripted([reply('SECRET bad'), new ProviderError(400), reply('worse', { finishReason: 'length' })]);
    const error = await ask().catch((thrown: unknown) => thrown as RouteError);
    expect(error).toBeInstanceOf(RouteError);
    expect(error).toMatchObject({
      message:
        'no answer for "job": 1. small (model-small) rejected by regex; 2. mid (model-mid) failed: ProviderError 400; 3. top (model-top) rejected by regex',
      answer: 'worse',
      cause: { status: 400 },
      call: { tier: 'top' },
    });
    expect(call()).toMatchObject({ status: { code: SpanStatusCode.UNSET } });
    expect(call().attributes).toMatchObject({
      'routescope.outcome': 'rejected',
      'routescope.fallback.count': 1,
      'routescope.failover.count': 1,
      'routescope.failover.cause': 'provider_error',
      'routescope.escalated': false,
    });
  });
});

describe('a failure', () => {
  test('that may pass is retried once at the same model, after what the provider asks for', async () => {
    const { ask, tries } = scripted([new ProviderError(429, { 'retry-after': '7' }), reply('good')]);
    expect((await ask()).call.tier).toBe('small');
    expect(waits).toEqual([7_000]);
    expect(tries.map((how) => [how.model, how.attempt])).toEqual([
      ['model-small', 1],
      ['model-small', 2],
    ]);
    expect(attempts('attempt.reason', 'attempt.cause', 'outcome')).toEqual([
      ['first', undefined, 'failed'],
      ['retry', 'rate_limited', 'accepted'],
    ]);
    expect(call().attributes).toMatchObject({
      'routescope.retry.count': 1,
      'routescope.escalated': false,
      'routescope.checked': true,
    });
  });

  test('that stays goes to the next tier, in a series of its own', async () => {
    const { ask } = scripted([new ProviderError(503), new ProviderError(503), reply('good')]);
    expect((await ask()).call.tier).toBe('mid');
    expect(waits).toEqual([250]); // half a second, full jitter
    expect(attempts('attempt.reason', 'attempt.cause')).toEqual([
      ['first', undefined],
      ['retry', 'provider_error'],
      ['failover', 'provider_error'],
    ]);
    expect(call().attributes).toMatchObject({
      'routescope.fallback.count': 0,
      'routescope.failover.count': 1,
      'routescope.failover.cause': 'provider_error',
      'routescope.escalated': true,
    });
  });

  test('of the app’s own code is the app’s error, as it is', async () => {
    const bug = new RangeError('SECRET bug');
    const { ask, tries } = scripted([bug]);
    await expect(ask()).rejects.toBe(bug);
    expect(tries).toHaveLength(1);
    expect(call()).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'RangeError' } });
    expect(call().attributes).toMatchObject({ 'routescope.outcome': 'failed', 'error.type': 'RangeError' });
  });

  test('that is the app’s abort ends the call as canceled, also while it waits', async () => {
    const stop = new AbortController();
    const { router, tries } = scripted([new ProviderError(429), reply('good')]);
    const sleepy = createRouter(scripted([]).table, options);
    stop.abort();
    await expect(sleepy.route('job', { messages: [] }, { signal: stop.signal })).rejects.toThrow('aborted');
    expect(call().attributes).toMatchObject({ 'routescope.outcome': 'canceled' });
    exporter.reset();
    const later = new AbortController();
    const asked = router.route(
      'job',
      async () => {
        tries.push({} as TryOptions);
        later.abort();
        throw new ProviderError(429);
      },
      { signal: later.signal },
    );
    await expect(asked).rejects.toMatchObject({ status: 429 });
    expect(tries).toHaveLength(1);
    expect(call().attributes).toMatchObject({ 'routescope.outcome': 'canceled', 'routescope.attempt.count': 1 });
  });
});

describe('a validator', () => {
  const Ranking = z.array(z.number());

  test('that is a schema gives its output as the answer, with its type', async () => {
    const table = routes({
      rank: {
        why: 'typed',
        caughtBy: 'nothing',
        tiers: [{ name: 'small', model: 'm', via: async () => reply('[2,0,1]') }],
        validate: Ranking,
      },
    });
    const { answer } = await createRouter(table).route('rank', { messages: [] });
    const numbers: number[] = answer;
    expect(numbers).toEqual([2, 0, 1]);
    // @ts-expect-error: a tag that is not in the table
    await expect(createRouter(table).route('rnak', { messages: [] })).rejects.toThrow('"rnak" is no tag');
  });

  test.each([
    ['a schema that is not met', Ranking, reply('{"a":1}'), ['fail', 'schema:zod', undefined, 'not met at (root)']],
    [
      'text that is no JSON',
      z.object({ a: z.string() }),
      reply('Sure!'),
      ['fail', 'schema:zod', undefined, 'not met at (root)'],
    ],
    [
      'a function with a score',
      function rubric() {
        return { result: 'fail' as const, score: 0.25, reason: 'too short' };
      },
      reply('x'),
      ['fail', 'rubric', 0.25, 'too short'],
    ],
    ['a global expression, which has a memory', /o/g, reply('good'), ['pass', 'regex', undefined, undefined]],
    [
      'one that breaks says nothing about the answer',
      () => JSON.parse('{'),
      reply('x'),
      ['error', 'function', undefined, 'SyntaxError'],
    ],
    ['none at all', undefined, reply('x'), ['none', undefined, undefined, undefined]],
  ])('%s', async (_, validate, answer, expected) => {
    const { ask } = scripted([answer, answer, answer], { validate });
    await ask().catch(() => {});
    const [first] = attempts('validation.result', 'validation.name', 'validation.score', 'validation.reason');
    expect(first).toEqual(expected);
  });

  test('is not asked about a refusal, which is one always; a text cut off is told apart', async () => {
    const { ask } = scripted([reply('', { isRefusal: true }), reply('bad', { finishReason: 'length' }), reply('good')]);
    await ask();
    expect(attempts('validation.name', 'attempt.cause')).toEqual([
      ['refusal', undefined],
      ['regex', 'refusal'],
      ['regex', 'truncated'],
    ]);
    expect(call().attributes).toMatchObject({ 'routescope.fallback.cause': 'refusal', 'routescope.fallback.count': 2 });
  });
});

describe('code of the app’s own', () => {
  const { router } = scripted([], { validate: undefined });
  const whole = JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    model: 'gpt-4o-mini',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'done' } }],
    usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
  });
  const chunk = { id: 'c1', object: 'chat.completion.chunk', model: 'gpt-4o-mini' };
  const events = [
    { ...chunk, choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] },
    { ...chunk, choices: [{ index: 0, delta: { content: 'b' }, finish_reason: 'stop' }] },
    { ...chunk, choices: [], usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } },
  ];
  const client = observe(
    new OpenAI({
      apiKey: 'k',
      maxRetries: 0,
      fetch: async (_, init) =>
        String(init?.body).includes('"stream":true')
          ? new Response(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`, {
              headers: { 'content-type': 'text/event-stream' },
            })
          : new Response(whole, { headers: { 'content-type': 'application/json' } }),
    }),
  );
  const body = { model: 'gpt-4o-mini', messages: [] };

  test('may ask several times: steps of one attempt, the verdict on the last, the cost of all', async () => {
    const { answer } = await router.route('job', async () => {
      await client.chat.completions.create(body);
      return (await client.chat.completions.create(body)).choices[0]?.message.content;
    });
    expect(answer).toBe('done');
    expect(attempts('attempt.number', 'attempt.step', 'tier.name', 'validation.result', 'cost.total')).toEqual([
      [1, 1, 'small', undefined, 0.000021],
      [1, 2, 'small', 'none', 0.000021],
    ]);
    expect(call().attributes).toMatchObject({ 'routescope.attempt.count': 1, 'routescope.cost.total': 0.000042 });
  });

  test.each([
    ['read to its end', Number.POSITIVE_INFINITY, 'accepted', 0.000021],
    ['given up', 1, 'canceled', undefined],
  ])('may return a stream: the call ends with it, %s', async (_, stopAfter, outcome, cost) => {
    const { answer } = await router.route('job', () => client.chat.completions.create({ ...body, stream: true }));
    expect(exporter.getFinishedSpans()).toHaveLength(0);
    let read = 0;
    for await (const _chunk of answer) if (++read === stopAfter) break;
    expect(attempts('outcome', 'cost.total')).toEqual([[outcome, cost]]);
    expect(call().attributes).toMatchObject({ 'routescope.outcome': outcome });
    expect(call().attributes['routescope.cost.total']).toBe(cost);
  });

  test('what the check itself asks is no attempt of the call', async () => {
    const judged = scripted([reply('good')], {
      validate: async () => Boolean(await client.chat.completions.create(body)),
    });
    await judged.ask();
    const spans = exporter.getFinishedSpans();
    expect(spans).toHaveLength(3);
    expect(spans.filter((span) => span.attributes['routescope.call.id'])).toHaveLength(1);
    expect(call().attributes).toMatchObject({ 'routescope.attempt.count': 1 });
  });

  test('the baseline is the served tokens at the baseline model', async () => {
    const table = routes({
      job: {
        why: 'w',
        caughtBy: 'nothing',
        tiers: [{ name: 'small', model: 'gpt-4o-mini', via: openaiChat(client) }],
        baseline: 'gpt-4o',
      },
    });
    await createRouter(table).route('job', { messages: [{ role: 'user', content: 'SECRET' }] });
    expect(call().attributes).toMatchObject({
      'routescope.cost.total': 0.000021, // 100 at 0.15, 10 at 0.60 USD per million
      'routescope.baseline.cost': 0.00035, // 100 at 2.50, 10 at 10 USD per million
      'routescope.baseline.model': 'gpt-4o',
    });
  });
});

test('of 1,000 calls with 80 rejected first answers and 50 failing providers, 0.080 of the checked fell back', async () => {
  let rejected = 0;
  let failed = 0;
  let checked = 0;
  let fallbacks = 0;
  let failovers = 0;
  for (let index = 0; index < 1_000; index++) {
    const isRejected = index % 25 < 2; // 80
    const isFailing = index % 20 === 19; // 50, none of them rejected
    rejected += Number(isRejected && !isFailing);
    failed += Number(isFailing);
    const script = isFailing
      ? [new ProviderError(500), new ProviderError(500), reply('good')]
      : isRejected
        ? [reply('bad'), reply('good')]
        : [reply('good')];
    await scripted(script).ask();
    checked += Number(call().attributes['routescope.checked']);
    fallbacks += Number(call().attributes['routescope.fallback.count']);
    failovers += Number(call().attributes['routescope.failover.count']);
    exporter.reset();
  }
  expect({ rejected, failed, checked, fallbacks, failovers }).toEqual({
    rejected: 80,
    failed: 50,
    checked: 1_000,
    fallbacks: 80,
    failovers: 50,
  });
});

describe('routes()', () => {
  test('says everything that is wrong with a table, in sentences', () => {
    const wrong = {
      a: { why: '', caughtBy: 'luck', tiers: [] },
      b: {
        why: 'w',
        caughtBy: 'nothing',
        tiers: [
          { name: 'x', model: '', via: 'openai', maxTokens: 0 },
          { name: 'x', model: 'm', via: () => '', temperature: -1 },
        ],
      },
    };
    expect(() => routes(wrong as never)).toThrow(
      new Error(
        'the route table is wrong: ' +
          '"a": `why` is missing: write down why this job is routed so; ' +
          '"a": `caughtBy` is "luck", expected one of next-step-validates, regex, rerun, human-sees-it, nothing; ' +
          '"a": it has no tiers; ' +
          '"b": tier 0 has no model; ' +
          '"b": tier 0 has no `via`: openaiChat(client), anthropicMessages(client) or a function of your own; ' +
          '"b": tier 0 has maxTokens 0, expected a whole number above 0; ' +
          '"b": two tiers are called "x"; ' +
          '"b": tier 1 has temperature -1, expected a number from 0',
      ),
    );
    expect(() => routes({})).toThrow('the table has no tags');
  });

  test('gives the same version to the same table, another to another, and freezes it', () => {
    const table = (maxTokens: number) =>
      scripted([], { tiers: [{ name: 'a', model: 'm', via: async () => '', maxTokens }] }).table;
    expect(table(5).version).toMatch(/^[0-9a-f]{12}$/);
    expect(table(5).version).toBe(table(5).version);
    expect(table(6).version).not.toBe(table(5).version);
    expect(Object.isFrozen((table(5).routes['job'] as Route).tiers[0])).toBe(true);
    expect(routes(table(5).routes, { version: 'v7' }).version).toBe('v7');
  });
});
