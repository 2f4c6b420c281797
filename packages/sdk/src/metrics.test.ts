/** What a MeterProvider of the app gets: the conventions' instruments and ours, bounded, and nothing without one. */
import { metrics, trace } from '@opentelemetry/api';
import { metrics as sdk } from '@opentelemetry/sdk-node';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withTag } from './context.ts';
import { observe } from './observe/observe.ts';
import { createRouter, routes } from './router/index.ts';

let exporter: sdk.InMemoryMetricExporter;
let provider: sdk.MeterProvider;
let now = 1_000_000;
const clock = (): number => now;

beforeEach(() => {
  exporter = new sdk.InMemoryMetricExporter(sdk.AggregationTemporality.CUMULATIVE);
  trace.setGlobalTracerProvider(new BasicTracerProvider());
  provider = new sdk.MeterProvider({
    readers: [new sdk.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
  metrics.setGlobalMeterProvider(provider);
});
afterEach(async () => {
  await provider.shutdown();
  metrics.disable();
  trace.disable();
});

const usage = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 40, audio_tokens: 30 },
  completion_tokens_details: { reasoning_tokens: 5 },
};
const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
const answer = (): Response => {
  now += 500;
  return json({
    id: 'a',
    model: 'gpt-4o-mini',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'yes' } }],
    usage,
  });
};
const chunks = [
  { id: 'a', model: 'gpt-4o-mini', choices: [{ index: 0, delta: { content: 'a' } }] },
  { id: 'a', choices: [{ index: 0, delta: { content: 'b' } }] },
  { id: 'a', choices: [{ index: 0, delta: { content: 'c' }, finish_reason: 'stop' }] },
  { id: 'a', choices: [], usage },
];
const streamed = (): Response =>
  new Response(`${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`, {
    headers: { 'content-type': 'text/event-stream' },
  });
const client = (fetch: () => Response): OpenAI =>
  observe(new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: async () => fetch() }), { clock });
const messages = [{ role: 'user' as const, content: 'SECRET' }];
const body = { model: 'gpt-4o-mini', messages };

async function collected(): Promise<Map<string, sdk.MetricData>> {
  await provider.forceFlush();
  const all = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
  expect(JSON.stringify(all)).not.toContain('SECRET');
  return new Map(all.flatMap(({ metrics: data }) => data).map((data) => [data.descriptor.name, data]));
}
// biome-ignore lint/suspicious/noExplicitAny: a sum or a histogram.
const points = (data: sdk.MetricData | undefined): any[] =>
  (data?.dataPoints ?? []).map(({ attributes, value }) => ({ attributes, value }));

test('an inference has the conventions’ metrics, by the conventions’ attributes', async () => {
  await client(answer).chat.completions.create(body);
  const all = await collected();
  const common = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o-mini',
    'gen_ai.response.model': 'gpt-4o-mini',
    'server.address': 'api.openai.com',
    'server.port': 443,
  };
  expect(points(all.get('gen_ai.client.inference.duration'))).toEqual([
    { attributes: common, value: expect.objectContaining({ count: 1, sum: 0.5 }) },
  ]);
  expect(all.get('gen_ai.client.inference.duration')?.descriptor.unit).toBe('s');
  expect(points(all.get('gen_ai.client.inference.usage.input_tokens'))).toEqual([
    { attributes: { ...common, 'gen_ai.token.modality': 'audio' }, value: 30 },
    { attributes: { ...common, 'gen_ai.token.modality': 'unknown' }, value: 70 },
  ]);
  const single = (name: string) => points(all.get(`gen_ai.client.inference.usage.${name}`)).map(({ value }) => value);
  expect(single('output_tokens')).toEqual([20]);
  expect(single('cache_read.input_tokens')).toEqual([40]);
  expect(single('reasoning.output_tokens')).toEqual([5]);
  const histogram = all.get('gen_ai.client.inference.operation.input_tokens');
  expect(points(histogram)[0].value).toMatchObject({ count: 1, sum: 100 });
  expect(points(histogram)[0].value.buckets.boundaries).toEqual([
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
  ]);
});

test('a stream has the time to its first chunk and between the others', async () => {
  for await (const _ of await client(streamed).chat.completions.create({ ...body, stream: true })) now += 250;
  const all = await collected();
  expect(points(all.get('gen_ai.client.inference.time_to_first_chunk'))[0].value).toMatchObject({ count: 1 });
  expect(points(all.get('gen_ai.client.inference.time_per_output_chunk'))[0].value).toMatchObject({
    count: 3,
    sum: 0.75,
  });
});

test('a failure has its type, and no tokens', async () => {
  const failing = client(() => json({ error: { message: 'SECRET', code: 'rate_limit_exceeded' } }, 429));
  await expect(failing.chat.completions.create(body)).rejects.toThrow();
  const all = await collected();
  expect(points(all.get('gen_ai.client.inference.duration'))[0].attributes['error.type']).toBe('rate_limit_exceeded');
  expect(points(all.get('gen_ai.client.inference.usage.input_tokens'))).toEqual([
    { attributes: expect.objectContaining({ 'gen_ai.token.modality': 'unknown' }), value: 0 },
  ]);
});

test('an embedding is no inference by the conventions’ names', async () => {
  const embedding = client(() =>
    json({ model: 'text-embedding-3-small', data: [], usage: { prompt_tokens: 5, total_tokens: 5 } }),
  );
  await embedding.embeddings.create({ model: 'text-embedding-3-small', input: 'SECRET' });
  const all = await collected();
  expect(points(all.get('gen_ai.client.operation.duration'))).toHaveLength(1);
  expect(all.has('gen_ai.client.inference.duration')).toBe(false);
});

test('routed calls are counted by tag, their attempts by tier, reason and verdict, with what they cost', async () => {
  const via = async () =>
    (await client(answer).chat.completions.create({ ...body, modalities: ['text'] })).choices[0]?.message.content;
  const tier = (name: string, model: string) => ({ name, model, via });
  const table = routes({
    job: {
      why: 'test',
      caughtBy: 'regex',
      tiers: [tier('small', 'gpt-4o-mini'), tier('large', 'gpt-4o')],
      validate: (text: unknown) => text === 'no',
    },
  });
  await createRouter(table, { clock })
    .route('job', { messages })
    .catch(() => {});
  const all = await collected();
  const counted = (name: string) => points(all.get(`routescope.client.${name}`));
  expect(counted('attempts')).toEqual([
    {
      attributes: {
        'routescope.tag': 'job',
        'routescope.tier.name': 'small',
        'routescope.attempt.reason': 'first',
        'routescope.outcome': 'rejected',
      },
      value: 1,
    },
    {
      attributes: {
        'routescope.tag': 'job',
        'routescope.tier.name': 'large',
        'routescope.attempt.reason': 'fallback',
        'routescope.outcome': 'rejected',
      },
      value: 1,
    },
  ]);
  expect(counted('calls')).toHaveLength(1);
  expect(counted('calls')[0].attributes).toMatchObject({ 'routescope.tag': 'job', 'routescope.outcome': 'rejected' });
  expect(
    [counted('checked'), counted('fallbacks'), counted('failovers')].map((all) => all.map(({ value }) => value)),
  ).toEqual([[1], [1], []]);
  // 30 of the input are audio, which this model has no price for: what is known of the cost is counted.
  expect(counted('cost')).toHaveLength(2);
});

test('of made-up models and tags only the first hundred have a name', async () => {
  for (let i = 0; i < 250; i++)
    await withTag(`tag-${i}`, () => client(answer).chat.completions.create({ model: `model-${i}`, messages }));
  const all = await collected();
  const values = (name: string, attribute: string): Set<unknown> =>
    new Set(points(all.get(name)).map(({ attributes }) => attributes[attribute]));
  const models = values('gen_ai.client.inference.duration', 'gen_ai.request.model');
  const tags = values('routescope.client.attempts', 'routescope.tag');
  for (const seen of [models, tags]) {
    expect(seen.size).toBeLessThanOrEqual(101);
    expect(seen).toContain('_other');
  }
});

test('a meter that throws changes nothing of the call', async () => {
  metrics.disable();
  metrics.setGlobalMeterProvider({
    getMeter: () => {
      throw new Error('broken');
    },
  } as never);
  const { choices } = await client(answer).chat.completions.create(body);
  expect(choices[0]?.message.content).toBe('yes');
});
