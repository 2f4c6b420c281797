/** The router over the real OpenAI client: streams, headers, and answers that are not what the route says. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { observe } from '../observe/observe.ts';
import { openaiChat } from './adapters.ts';
import { createRouter, type RouterOptions } from './route.ts';
import { type Route, routes } from './routes.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
beforeEach(() => exporter.reset());

const spans = (isCall: boolean): ReadableSpan[] =>
  exporter.getFinishedSpans().filter(({ name }) => name.startsWith('route ') === isCall);
const told = (span: ReadableSpan | undefined, ...names: string[]): unknown[] =>
  names.map((name) => span?.attributes[`routescope.${name}`]);
const options: RouterOptions<never> = { sleep: async () => {}, random: () => 0.5 };

const chunk = (content: string, finish_reason: string | null = null) => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, delta: { content }, finish_reason }],
});
const sse = (...events: unknown[]): string => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
const eventStream = { headers: { 'content-type': 'text/event-stream' } };
const done = 'data: [DONE]\n\n';

/** A body that gives the text, and then breaks. */
const broken = (text: string): ReadableStream => {
  let isSent = text === '';
  return new ReadableStream(
    {
      pull(controller) {
        if (isSent) controller.error(new TypeError('terminated'));
        else controller.enqueue(new TextEncoder().encode(text));
        isSent = true;
      },
    },
    { highWaterMark: 0 },
  );
};

function streaming(answer: (model: string) => Response, route: Partial<Route> = {}) {
  const asked: string[] = [];
  const client = observe(
    new OpenAI({
      apiKey: 'k',
      maxRetries: 0,
      fetch: async (_, init) => {
        const { model } = JSON.parse(String(init?.body));
        asked.push(model);
        return answer(model);
      },
    }),
  );
  const tier = (name: string) => ({ name, model: name, via: () => undefined });
  const table = routes({
    job: { why: 'w', caughtBy: 'nothing', tiers: [tier('gpt-4o-mini'), tier('gpt-4o')], ...route },
  });
  const router = createRouter(table, options);
  const ask = () =>
    router.route('job', ({ model, signal }) =>
      client.chat.completions.create({ model, messages: [], stream: true }, signal ? { signal } : {}),
    );
  return { asked, ask };
}

const textOf = async (
  stream: AsyncIterable<{ choices: { delta: { content?: string | null } }[] }>,
): Promise<string> => {
  let text = '';
  for await (const each of stream) text += each.choices[0]?.delta.content ?? '';
  return text;
};

describe('a stream', () => {
  const whole = () => new Response(sse(chunk('good '), chunk('answer', 'stop')) + done, eventStream);

  test('that breaks before its first chunk is replaced by the next deployment; the app sees one whole stream', async () => {
    const { asked, ask } = streaming((model) => (model === 'gpt-4o' ? whole() : new Response(broken(''), eventStream)));
    const { answer, call } = await ask();
    expect(await textOf(answer)).toBe('good answer');
    expect(call.model).toBe('gpt-4o');
    expect(asked).toEqual(['gpt-4o-mini', 'gpt-4o-mini', 'gpt-4o']);
    expect(told(spans(true)[0], 'outcome', 'failover.count', 'attempt.count')).toEqual(['accepted', 1, 3]);
  });

  test('that breaks after it is the app’s to see, and nobody else is asked', async () => {
    const { asked, ask } = streaming(() => new Response(broken(sse(chunk('half an '))), eventStream));
    const { answer } = await ask();
    await expect(textOf(answer)).rejects.toThrow();
    expect(asked).toEqual(['gpt-4o-mini']);
    expect(told(spans(true)[0], 'outcome')).toEqual(['failed']);
  });

  test('is judged when it has been read: the verdict is recorded, nothing follows from it', async () => {
    const { asked, ask } = streaming(whole, { validate: /^bad/ });
    expect(await textOf((await ask()).answer)).toBe('good answer');
    await expect.poll(() => spans(true).length).toBe(1);
    expect(
      told(spans(true)[0], 'outcome', 'validation.result', 'validation.name', 'checked', 'fallback.count'),
    ).toEqual(['accepted', 'fail', 'regex', false, 0]);
    expect(told(spans(false)[0], 'outcome', 'validation.result')).toEqual(['accepted', 'fail']);
    expect(asked).toHaveLength(1);
  });

  test('stays the SDK’s: tee() gives it twice, a second reading is the SDK’s own error, an early end is canceled', async () => {
    const { ask } = streaming(whole, { validate: /good/ });
    const { answer } = await ask();
    const [left, right] = answer.tee();
    expect([await textOf(left), await textOf(right)]).toEqual(['good answer', 'good answer']);
    await expect(textOf(answer)).rejects.toThrow();
    const second = (await ask()).answer;
    for await (const _ of second) break;
    await expect.poll(() => spans(true).length).toBe(2);
    expect(told(spans(true)[1], 'outcome', 'validation.result')).toEqual(['canceled', 'none']);
  });
});

const completion = (model: string, headers: Record<string, string> = {}): Response =>
  new Response(
    JSON.stringify({
      id: 'c1',
      object: 'chat.completion',
      model,
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'fine' } }],
      usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 },
    }),
    { headers: { 'content-type': 'application/json', ...headers } },
  );

test('the headers of a good answer say that the limit is near: the next call goes elsewhere before a 429', async () => {
  const asked: string[] = [];
  const client = (provider: string, headers: Record<string, string>) =>
    openaiChat(
      observe(
        new OpenAI({
          apiKey: 'k',
          maxRetries: 0,
          baseURL: `https://${provider}.example/v1`,
          fetch: async (_, init) => {
            asked.push(provider);
            return completion(JSON.parse(String(init?.body)).model, headers);
          },
        }),
      ),
    );
  const near = {
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '1',
    'x-ratelimit-reset-requests': '59s',
  };
  const table = routes({
    job: {
      why: 'w',
      caughtBy: 'nothing',
      tiers: [
        { name: 'small', model: 'gpt-4o-mini', via: client('east', near) },
        { name: 'top', model: 'gpt-4o', via: client('west', {}) },
      ],
    },
  });
  const router = createRouter(table, options);
  for (let index = 0; index < 3; index++) await router.route('job', { messages: [] });
  expect(asked).toEqual(['east', 'west', 'west']);
  expect(spans(true).map((span) => told(span, 'route.reason', 'divert.count'))).toEqual([
    ['default', 0],
    ['rate_limit', 1],
    ['rate_limit', 1],
  ]);
});

test('a model, a limit or an answer that is not what the route says is on the row, and counted', async () => {
  let served = 'gpt-4o-mini-2024-07-18';
  const client = observe(new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: async () => completion(served) }));
  const table = routes({
    job: {
      why: 'w',
      caughtBy: 'nothing',
      tiers: [{ name: 'small', model: 'gpt-4o-mini', via: openaiChat(client), maxTokens: 64, temperature: 0 }],
    },
  });
  const router = createRouter(table, options);
  await router.route('job', { messages: [] });
  expect(router.stats().mismatched).toBe(0);
  served = 'gpt-4o-2024-08-06';
  await router.route('job', { messages: [] });
  await router.route('job', () => client.chat.completions.create({ model: 'gpt-4o', messages: [], max_tokens: 4_096 }));
  expect(spans(false).map((span) => told(span, 'route.mismatch')[0])).toEqual([
    undefined,
    ['response_model'],
    ['request_model', 'response_model', 'max_tokens', 'temperature'],
  ]);
  expect(router.stats().mismatched).toBe(2);
});
