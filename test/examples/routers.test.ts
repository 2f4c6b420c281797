/** Each kind of router as an example, with the numbers that are told of it. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { catalog } from '@routescope/conventions/prices';
import { abTestRouter } from '@routescope/examples/ab-test';
import { cascadingRouter } from '@routescope/examples/cascading';
import { fallbackListRouter } from '@routescope/examples/fallback-list';
import { hybridRouter } from '@routescope/examples/hybrid';
import { mlClassifierRouter } from '@routescope/examples/ml-classifier';
import { ragRouter } from '@routescope/examples/rag';
import { registry, registryRouter } from '@routescope/examples/registry';
import { ruleBasedRouter } from '@routescope/examples/rule-based';
import { type ChatInput, RouteError, type RouterEvent } from '@routescope/sdk/router';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type Answer, openStage, questionOf, type Stage } from './stage.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
let stage: Stage;
afterEach(async () => {
  exporter.reset();
  await stage.close();
});

const open = async (answer: (body: { model: string; messages: { content: unknown }[] }) => Answer): Promise<object> => {
  stage = await openStage(answer);
  return { clock: stage.clock, sleep: async (ms: number) => stage.pass(ms), random: () => 0.5 };
};
const ask = (content: string): ChatInput => ({ messages: [{ role: 'user', content }] });
const words = (count: number): string => Array(count).fill('word').join(' ');
const calls = (tag: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter(({ name }) => name === `route ${tag}`);
const told = (span: ReadableSpan | undefined, ...names: string[]): unknown[] =>
  names.map((name) => span?.attributes[`routescope.${name}`]);

test('registry: prices as registered, simple to the cheapest, a failing one to its equal, then a tier up', async () => {
  for (const entry of Object.values(registry).flat()) {
    const price = catalog().find({ provider: entry.provider, host: '', model: entry.model, at: Date.now() });
    expect([entry.model, (price?.input ?? 0) / 1000, (price?.output ?? 0) / 1000]).toEqual([
      entry.model,
      entry.usdPer1kInput,
      entry.usdPer1kOutput,
    ]);
  }
  const [mini, haiku] = registry.simple;
  expect(Math.round(registry.moderate[0].usdPer1kInput / mini.usdPer1kInput)).toBe(17);
  expect(Math.round(registry.complex[0].usdPer1kInput / haiku.usdPer1kInput)).toBe(19);

  const down = new Set<string>();
  const options = await open(({ model }) => (down.has(model) ? { status: 503 } : { text: 'An answer.', ms: 300 }));
  const router = registryRouter(stage.clients, options as never);
  await router.route('ask', ask('What is the capital of France?'));
  await router.route('ask', ask('Design a distributed caching system for an LLM gateway'), {
    feature: 'code_generation',
  });
  expect(stage.asked).toEqual(['gpt-4o-mini', 'claude-opus-4-20250514']);
  stage.asked.length = 0;
  down.add('gpt-4o-mini').add('claude-3-5-haiku-20241022');
  await router.route('ask', ask('What is the capital of France?'));
  expect(stage.asked).toEqual([
    'gpt-4o-mini',
    'gpt-4o-mini',
    'claude-3-5-haiku-20241022',
    'claude-3-5-haiku-20241022',
    'gpt-4o',
  ]);
});

test('rule-based: features first, then 30 and 200 words', async () => {
  const options = await open(() => ({ text: 'An answer.' }));
  const router = ruleBasedRouter(stage.clients, options as never);
  const went = async (text: string, feature?: string) =>
    (await router.route('ask', ask(text), feature ? { feature } : {})).call.tier;
  expect(await went('What are your hours?', 'faq')).toBe('simple');
  expect(await went('Fix it', 'code_review')).toBe('complex');
  expect([await went(words(29)), await went(words(30)), await went(words(200)), await went(words(201))]).toEqual([
    'simple',
    'moderate',
    'moderate',
    'complex',
  ]);
  expect(router.stats().rules).toEqual({
    ask: { 'simple-feature': 1, 'complex-feature': 1, short: 1, default: 2, long: 1 },
  });
});

test('ML classifier: one cheap call of about $0.00001 and 50 to 100 ms, and a bad answer is MODERATE', async () => {
  const says: Record<string, string> = {
    easy: '{"tier":"SIMPLE"}',
    hard: '{"tier": "COMPLEX"}',
    odd: 'I would say hard',
  };
  const options = await open((body) => {
    const isClassifier = JSON.stringify(body.messages[0]).includes('Do not answer the request');
    return isClassifier
      ? { text: says[questionOf(body)] ?? '', usage: { input: 50, output: 4 }, ms: 70 }
      : { text: 'An answer.', usage: { input: 100, output: 100 }, ms: 1_000 };
  });
  const router = mlClassifierRouter(stage.clients, options as never);
  const went: string[] = [];
  for (const question of ['easy', 'hard', 'odd']) went.push((await router.route('ask', ask(question))).call.tier);
  expect(went).toEqual(['simple', 'complex', 'moderate']);
  for (const call of calls('ask')) {
    expect(told(call, 'decision.duration')[0]).toBeCloseTo(0.07, 6);
    expect(told(call, 'decision.cost')[0]).toBeCloseTo(0.00001, 6);
  }
  expect(told(calls('ask')[0], 'cost.total')).toEqual([0.000075]); // the answer alone: 100 at 0.15, 100 at 0.60 per million
  expect(calls('classify-complexity')).toHaveLength(3);
});

test('cascading: accepted from 0.7 on, else one tier up, the last as it is', async () => {
  const says: Record<string, string> = {
    'gpt-4o-mini': "I'm not sure",
    'gpt-4o': "I'm not sure either, and I don't know",
    'claude-opus-4-20250514': "I'm not sure",
  };
  const options = await open(({ model }) => ({ text: says[model] ?? '' }));
  const router = cascadingRouter(stage.clients, options as never);
  expect((await router.route('ask', ask('q'))).call.tier).toBe('frontier');
  says['gpt-4o-mini'] = 'Paris.'; // 0.5, no hedge 0.15, an end 0.1
  expect((await router.route('ask', ask('q'))).call.tier).toBe('small');
  expect(told(calls('ask')[1], 'validation.score', 'escalated')).toEqual([0.75, false]);
  expect(told(calls('ask')[0], 'fallback.count', 'fallback.cause', 'escalated')).toEqual([2, 'low_confidence', true]);
});

test('hybrid: static for declared features, dynamic elsewhere', async () => {
  const options = await open(() => ({ text: 'An answer.' }));
  const router = hybridRouter(stage.clients, options as never);
  const went = async (text: string, feature?: string) =>
    (await router.route('ask', ask(text), feature ? { feature } : {})).call.model;
  expect(await went(words(500), 'classification')).toBe('gpt-4o-mini');
  expect(await went('x', 'code_review')).toBe('gpt-4o');
  expect([await went('hello'), await went('Explain transformers')]).toEqual(['gpt-4o-mini', 'gpt-4o']);
  expect(calls('ask').map((call) => told(call, 'route.policy', 'route.reason'))).toEqual([
    ['hybrid', 'classification'],
    ['hybrid', 'code_review'],
    ['hybrid', 'short'],
    ['hybrid', 'neither'],
  ]);
});

test('RAG: 40 to 60 % of the questions go to the cheap model, by what retrieval found', async () => {
  const options = await open(() => ({ text: 'An answer.' }));
  const router = ragRouter(stage.clients, options as never);
  const went = async (text: string, retrievalScores: number[]) =>
    (await router.route('answer-from-docs', ask(text), { retrievalScores })).call.tier;
  const tiers = [
    await went('What is the refund window?', [0.92, 0.4]),
    await went('What is the refund window?', [0.41, 0.4]),
    await went('Who signs invoices?', [0.83]),
    await went('Compare the two plans', [0.95, 0.94]),
    await went('What is the limit?', [0.7]),
    await went('When is support open?', [0.99, 0.98]),
  ];
  expect(tiers).toEqual(['small', 'large', 'small', 'large', 'large', 'small']);
  const share = tiers.filter((tier) => tier === 'small').length / tiers.length;
  expect(share).toBeGreaterThanOrEqual(0.4);
  expect(share).toBeLessThanOrEqual(0.6);
});

test('fallback list: the next provider at once, a provider that keeps failing is skipped, all of them is one error', async () => {
  const down = new Set(['gpt-3.5-turbo']);
  const options = await open(({ model }) =>
    down.has(model) ? { status: 429, retryAfterSeconds: 1 } : { text: 'billing' },
  );
  const events: RouterEvent[] = [];
  const router = fallbackListRouter(stage.clients, {
    ...options,
    onEvent: (event: RouterEvent) => void events.push(event),
  } as never);
  for (let index = 0; index < 7; index++) {
    expect((await router.route('sort-ticket', ask('I was charged twice'))).call.tier).toBe('second');
    stage.pass(1_500);
  }
  expect(stage.asked.filter((model) => model === 'gpt-3.5-turbo')).toHaveLength(5);
  expect(events.filter(({ kind }) => kind === 'breaker').map(({ state }) => state)).toEqual(['open']);
  down.add('claude-3-5-haiku-20241022');
  const error = (await router.route('sort-ticket', ask('x')).catch((thrown: unknown) => thrown)) as RouteError;
  expect(error).toBeInstanceOf(RouteError);
  expect(error.message).toMatch(
    /^no answer for "sort-ticket": 1\. second .* failed: RateLimitError 429; first \(gpt-3\.5-turbo\) not asked: the circuit of openai .* is open/,
  );
});

test('A/B: a user stays on a side, about half on each', async () => {
  const options = await open(() => ({ text: 'A summary.' }));
  const router = abTestRouter(stage.clients, options as never);
  const sides = new Map<string, string>();
  for (let round = 0; round < 2; round++)
    for (let user = 0; user < 40; user++) {
      const { call } = await router.route('summarize', ask('text'), { userId: `u${user}` });
      expect(sides.get(`u${user}`) ?? call.model).toBe(call.model);
      sides.set(`u${user}`, call.model);
    }
  const small = [...sides.values()].filter((model) => model === 'gpt-4o-mini').length;
  expect(small).toBeGreaterThan(10);
  expect(small).toBeLessThan(30);
});
