/**
 * Classes of usage that no recording has, through the vendors' own SDKs: answers written by their published types, costs
 * worked out by hand from the price pages of 24 November 2026.
 */
import Anthropic from '@anthropic-ai/sdk';
import { type Attributes, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { observe } from '@routescope/sdk';
import OpenAI from 'openai';
import { beforeAll, beforeEach, expect, test } from 'vitest';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
beforeEach(() => exporter.reset());

const clock = (): number => Date.parse('2026-11-24T12:00:00Z');
const messages = [{ role: 'user' as const, content: 'x' }];
const settings = (answer: unknown) => ({
  apiKey: 'none-needed',
  maxRetries: 0,
  fetch: async () => new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } }),
});
const openai = (answer: unknown, baseURL?: string): OpenAI =>
  observe(new OpenAI({ ...settings(answer), ...(baseURL && { baseURL }) }), { clock });

type Ask = () => PromiseLike<unknown>;
const chat =
  (model: string, usage: object, more: object = {}, baseURL?: string): Ask =>
  () =>
    openai(
      { id: 'a', model, choices: [{ index: 0, finish_reason: 'stop', message: { content: 'y' } }], usage, ...more },
      baseURL,
    ).chat.completions.create({ model, messages });
const message =
  (model: string, usage: object): Ask =>
  () =>
    observe(new Anthropic(settings({ id: 'm', type: 'message', model, content: [], stop_reason: 'end_turn', usage })), {
      clock,
    }).messages.create({ model: 'asked-for', messages, max_tokens: 8 });

const cached = { cache_read_input_tokens: 500, cache_creation_input_tokens: 1_000 };

// biome-ignore format: a table is read by its rows
const cases: readonly (readonly [what: string, ask: Ask, usd: number, said: Attributes])[] = [
  // 900 × 4.25 + 100 × 2.125 + 50 × 17
  ['priority', chat('gpt-4o', { prompt_tokens: 1_000, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 100 } }, { service_tier: 'priority' }), 0.0048875,
    { 'openai.response.service_tier': 'priority' }],
  // 900 × 0.125 + 100 × 0.0125 + 50 × 1; rejected predictions are output like any other
  ['flex, with a predicted output', chat('gpt-5-mini', { prompt_tokens: 1_000, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 100 }, completion_tokens_details: { accepted_prediction_tokens: 5, rejected_prediction_tokens: 3 } }, { service_tier: 'flex' }), 0.00016375,
    { 'gen_ai.usage.output_tokens': 50, 'routescope.usage.accepted_prediction_tokens': 5, 'routescope.usage.rejected_prediction_tokens': 3 }],
  // 400 × 2.5 + 600 × 32 + 100 × 10 + 400 × 64
  ['audio in and out', chat('gpt-audio', { prompt_tokens: 1_000, completion_tokens: 500, prompt_tokens_details: { audio_tokens: 600 }, completion_tokens_details: { audio_tokens: 400 } }), 0.0468,
    { 'gen_ai.usage.audio.input_tokens': 600, 'gen_ai.usage.audio.output_tokens': 400 }],
  // 300 × 4 + 400 × 32 + 100 × 0.4 + 200 × 0.4 + 100 × 16 + 400 × 64
  ['sound read from the cache', chat('gpt-realtime', { prompt_tokens: 1_000, completion_tokens: 500, prompt_tokens_details: { audio_tokens: 600, cached_tokens: 300, cached_tokens_details: { audio_tokens: 200, text_tokens: 100 } }, completion_tokens_details: { audio_tokens: 400 } }), 0.04132, {}],
  // 10 × 3 + 10 × 0.3 + 30 × 15
  ['cached tokens as Moonshot says them', chat('kimi-k3', { prompt_tokens: 20, completion_tokens: 30, cached_tokens: 10 }, {}, 'https://api.moonshot.ai/v1'), 0.000483,
    { 'gen_ai.usage.cache_read.input_tokens': 10 }],
  // 700 × 2 + 100 × 0.2 + 150 × 2.5 + 50 × 5 + 10 × 10
  ['cache writes of thirty minutes and twelve hours', chat('gpt-6-sol', { prompt_tokens: 1_000, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 200, cache_write_tokens_details: { ttl_30m_tokens: 150, ttl_12h_tokens: 50 } } }), 0.002145,
    { 'gen_ai.usage.cache_write.input_tokens': 200, 'openai.usage.cache_write.ttl_12h_input_tokens': 50 }],
  // (1,000 × 2.5 + 100 × 15) × 1.1
  ['computed in the EU', chat('gpt-5.4', { prompt_tokens: 1_000, completion_tokens: 100 }, {}, 'https://eu.api.openai.com/v1'), 0.0044, {}],
  // 300,000 × 5 + 10 × 22.5
  ['a long context', chat('gpt-5.4', { prompt_tokens: 300_000, completion_tokens: 10 }), 1.500225, {}],
  // (1,001 × 5 + 77 × 25) × 1.1
  ['computed in the US', message('claude-opus-4-6', { input_tokens: 1_001, output_tokens: 77, inference_geo: 'us' }), 0.007623, {}],
  // 1,001 × 10 + 77 × 50
  ['fast mode', message('claude-opus-4-8', { input_tokens: 1_001, output_tokens: 77, service_tier: 'standard', speed: 'fast' }), 0.01386,
    { 'routescope.service.tier': 'fast' }],
  // 10 × 1 + 500 × 0.1 + 600 × 1.25 + 400 × 2 + 7 × 5
  ['writes of five minutes and one hour', message('claude-haiku-4-5-20251001', { input_tokens: 10, ...cached, cache_creation: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 400 }, output_tokens: 7 }), 0.001645,
    { 'gen_ai.usage.input_tokens': 1_510, 'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': 400 }],
  // half of each
  ['a batch', message('claude-haiku-4-5-20251001', { input_tokens: 10, ...cached, cache_creation: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 400 }, output_tokens: 7, service_tier: 'batch' }), 0.0008225,
    { 'anthropic.response.service_tier': 'batch' }],
  // 2 × 150,000 × 3 + 100 × 15: neither pass is a long context
  ['passes of a tool loop', message('claude-sonnet-4-5-20250929', { input_tokens: 300_000, output_tokens: 100, iterations: [{ type: 'message', input_tokens: 150_000, output_tokens: 40 }, { type: 'message', input_tokens: 150_000, output_tokens: 60 }] }), 0.9015, {}],
  // 100 × 1.25 + 10 × 10 + the images' 100 × 5 + 1,000 × 40 + 2 searches
  ['images made by a response', () => openai({
      id: 'r', model: 'gpt-5', status: 'completed', output: [{ type: 'image_generation_call', result: 'QUJD' }], tools: [{ type: 'image_generation', model: 'gpt-image-1' }],
      usage: { input_tokens: 100, output_tokens: 10 },
      tool_usage: { image_gen: { input_tokens: 100, input_tokens_details: { image_tokens: 0, text_tokens: 100 }, output_tokens: 1_000, output_tokens_details: { image_tokens: 1_000, text_tokens: 0 } }, web_search: { num_requests: 2 } },
    }).responses.create({ model: 'gpt-5', input: 'x' }), 0.060725,
    { 'routescope.nested.output_tokens': 1_000, 'routescope.cost.nested': 0.0405, 'routescope.cost.tools': 0.02 }],
  // 50 × 5 + 100 × 10 + 1,000 × 40
  ['an image edited', () => openai({ data: [], usage: { input_tokens: 150, input_tokens_details: { image_tokens: 100, text_tokens: 50 }, output_tokens: 1_000 } }).images.generate({ model: 'gpt-image-1', prompt: 'x' }), 0.04125,
    { 'gen_ai.usage.image.input_tokens': 100, 'gen_ai.usage.image.output_tokens': 1_000 }],
  // 20 × 2.5 + 100 × 6 + 30 × 10
  ['speech by tokens', () => openai({ text: 'y', usage: { type: 'tokens', input_tokens: 120, input_token_details: { audio_tokens: 100, text_tokens: 20 }, output_tokens: 30 } }).audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: new File(['s'], 's.wav') }), 0.00095,
    { 'gen_ai.usage.audio.input_tokens': 100 }],
  // 1,000 × 0.02
  ['an embedding', () => openai({ model: 'text-embedding-3-small', data: [], usage: { prompt_tokens: 1_000, total_tokens: 1_000 } }).embeddings.create({ model: 'text-embedding-3-small', input: 'x' }), 0.00002, {}],
];

test.each(cases.map(([what, ask, usd, said]) => ({ what, ask, usd, said })))('$what', async ({ ask, usd, said }) => {
  await ask();
  expect(exporter.getFinishedSpans()).toHaveLength(1);
  expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
    'routescope.cost.total': usd,
    'routescope.cost.status': 'priced',
    ...said,
  });
});

test.each([
  [
    'a tier without a price',
    chat('gpt-4o', { prompt_tokens: 1, completion_tokens: 1 }, { service_tier: 'scale' }),
    'tier scale',
  ],
  [
    'a model that searches on every question',
    chat('gpt-4o-search-preview', { prompt_tokens: 1, completion_tokens: 1 }),
    'web_search',
  ],
  [
    'a fee by the request, by what was searched',
    chat('sonar', { prompt_tokens: 1, completion_tokens: 1 }, {}, 'https://api.perplexity.ai'),
    'request',
  ],
  [
    'a tool of xAI’s own',
    () =>
      openai(
        {
          id: 'r',
          model: 'grok-4.5',
          status: 'completed',
          output: [],
          usage: { input_tokens: 1, output_tokens: 1, num_server_side_tools_used: 2 },
        },
        'https://api.x.ai/v1',
      ).responses.create({ model: 'grok-4.5', input: 'x' }),
    'server_side_tools',
  ],
  [
    'a region without a price',
    chat('gpt-5.4', { prompt_tokens: 1, completion_tokens: 1 }, {}, 'https://jp.api.openai.com/v1'),
    'region jp',
  ],
  [
    'a credit for a refusal',
    message('claude-opus-4-8', {
      input_tokens: 1,
      output_tokens: 1,
      fallback_credit: { status: { type: 'redeemed' } },
    }),
    'fallback_credit',
  ],
  [
    'advice of a model nobody knows',
    message('claude-opus-4-8', {
      input_tokens: 1,
      output_tokens: 1,
      iterations: [
        { type: 'message', input_tokens: 1, output_tokens: 1 },
        { type: 'advisor_message', model: 'claude-unheard-of', input_tokens: 9, output_tokens: 9 },
      ],
    }),
    'price',
  ],
  [
    'audio where nobody has a price for it',
    chat('gpt-4o', { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { audio_tokens: 5 } }),
    'audioInput',
  ],
] as const)('%s makes the cost partial, and is named', async (_, ask, missing) => {
  await ask();
  expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
    'routescope.cost.status': 'partial',
    'routescope.cost.missing': [missing],
  });
});

// biome-ignore format: a table is read by its rows
test.each([
  ['OpenRouter', chat('openai/gpt-4o', { prompt_tokens: 10, completion_tokens: 5, cost: 0.00014 }, {}, 'https://openrouter.ai/api/v1'), 0.00014],
  ['OpenRouter, of a free model', chat('some/model:free', { prompt_tokens: 10, completion_tokens: 5, cost: 0 }, {}, 'https://openrouter.ai/api/v1'), 0],
  ['OpenRouter with a key of one’s own', chat('openai/gpt-4o', { prompt_tokens: 10, completion_tokens: 5, cost: 0.000007, is_byok: true, cost_details: { upstream_inference_cost: 0.00014 } }, {}, 'https://openrouter.ai/api/v1'), 0.000147],
  ['Perplexity, with its fee for a request', chat('sonar', { prompt_tokens: 10, completion_tokens: 5, cost: { input_tokens_cost: 0.00001, output_tokens_cost: 0.000005, request_cost: 0.005, total_cost: 0.005015 } }, {}, 'https://api.perplexity.ai'), 0.005015],
  ['xAI, of a model nobody else knows', chat('grok-unheard-of', { prompt_tokens: 10, completion_tokens: 5, num_sources_used: 3, cost_in_usd_ticks: 750_012_345 }, {}, 'https://api.x.ai/v1'), 0.0750012345],
  ['a gateway of messages', message('some-model', { input_tokens: 10, output_tokens: 5, cost: 0.002 }), 0.002],
  ['a gateway of responses', () => openai({ id: 'r', model: 'm', status: 'completed', output: [], usage: { input_tokens: 1, output_tokens: 1, cost: 0.003 } }).responses.create({ model: 'm', input: 'x' }), 0.003],
] as const)('what %s says it cost is what it cost', async (_, ask, usd) => {
  await ask();
  const [span] = exporter.getFinishedSpans();
  expect(span?.attributes).toMatchObject({
    'routescope.cost.total': usd,
    'routescope.cost.status': 'priced',
    'routescope.cost.source': 'provider',
  });
  expect(span?.attributes).not.toHaveProperty('routescope.cost.input');
  expect(span?.attributes).not.toHaveProperty('routescope.cost.missing');
});

test('parts that add up to what the answer says it cost stay', async () => {
  // 12 tokens in, 2 of them cached, 320 out of Grok 3 mini
  const usage = { prompt_tokens: 12, completion_tokens: 320, prompt_tokens_details: { cached_tokens: 2 } };
  await chat('grok-3-mini', { ...usage, cost_in_usd_ticks: 1_631_500 }, {}, 'https://api.x.ai/v1')();
  expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
    'routescope.cost.total': 0.00016315,
    'routescope.cost.source': 'provider',
    'routescope.cost.output': 0.00016,
  });
});

test.each([
  ['text', '0.5 USD'],
  ['less than nothing', -1],
  ['more than can be', 1e300],
  ['an empty object', {}],
  ['nothing', null],
])('a cost that is %s was not said', async (_, cost) => {
  await chat('gpt-4o', { prompt_tokens: 1_000, completion_tokens: 0, cost })();
  expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
    'routescope.cost.total': 0.0025,
    'routescope.cost.source': 'local',
  });
});

test.each([
  [
    'a gateway’s header',
    'https://gateway.example/v1',
    '0.00042',
    { 'routescope.cost.total': 0.00042, 'routescope.cost.source': 'provider' },
  ],
  [
    'no number',
    'https://gateway.example/v1',
    'None',
    { 'routescope.cost.total': 0.0025, 'routescope.cost.source': 'local' },
  ],
  [
    'a header that is none of the provider’s',
    'https://api.openai.com/v1',
    '0.00042',
    { 'routescope.cost.total': 0.0025, 'routescope.cost.source': 'local' },
  ],
])('x-litellm-response-cost: %s', async (_, baseURL, cost, said) => {
  const answer = { id: 'a', model: 'gpt-4o', choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 0 } };
  const fetch = async (): Promise<Response> => Response.json(answer, { headers: { 'x-litellm-response-cost': cost } });
  await observe(new OpenAI({ apiKey: 'none-needed', baseURL, fetch }), { clock }).chat.completions.create({
    model: 'gpt-4o',
    messages,
  });
  expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject(said);
});

test.each([
  ['text', { prompt_tokens: '5', completion_tokens: 'many' }],
  ['fractions', { prompt_tokens: 2.5, completion_tokens: 0.1 }],
  ['less than nothing', { prompt_tokens: -5, completion_tokens: -1 }],
  ['more than can be counted', { prompt_tokens: 1e300, completion_tokens: Number.MAX_VALUE }],
  ['a list', [1, 2, 3]],
])('usage that is %s was not said', async (_, usage) => {
  await chat('gpt-4o', usage)();
  const [span] = exporter.getFinishedSpans();
  expect(span?.attributes).toMatchObject({
    'routescope.usage.source': 'missing',
    'routescope.cost.status': 'unpriced',
  });
  expect(span?.attributes).not.toHaveProperty('gen_ai.usage.input_tokens');
  expect(span?.attributes).not.toHaveProperty('routescope.cost.total');
});
