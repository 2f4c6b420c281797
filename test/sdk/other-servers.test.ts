/**
 * Servers that speak OpenAI's or Anthropic's API count in ways of their own: recorded answers, changed as each of them
 * documents it. Tokens and costs are worked out by hand from the price pages of 24 November 2026.
 */
import Anthropic from '@anthropic-ai/sdk';
import type { Attributes } from '@opentelemetry/api';
import { observe } from '@routescope/sdk';
import OpenAI from 'openai';
import { beforeAll, expect, test } from 'vitest';
import type { Json } from '../provider/fixtures.ts';
import { account, finished, recordingOf, recordSpans, replayed } from './replayed.ts';
import { golden, type Row } from './usage-golden.ts';

beforeAll(recordSpans);

const rowOf = (file: string): Row => {
  const found = golden.find(([name]) => name === file);
  if (!found) throw new Error(`no recording ${file}`);
  return found;
};

/** Replays a recording as another provider's, each payload changed by `change`. */
async function changed(
  file: string,
  change: (payload: Json, index: number, all: readonly Json[]) => Json,
  as: { provider?: string; model?: string } = {},
): Promise<Attributes> {
  const [name, method, provider, model, ...rest] = rowOf(file);
  const { payloads, isStream } = recordingOf(name);
  const row: Row = [name, method, as.provider ?? provider, as.model ?? model, ...rest];
  return replayed(row, { payloads: payloads.map((each) => structuredClone(each)).map(change), isStream });
}

const chat = 'openai/chat/openai-text.json';
const chatStream = 'openai/chat/openai-text.chunks.txt';
const response = 'openai/responses/openai-phase.1.json';
const responseStream = 'openai/responses/openai-phase.1.chunks.txt';

test.each([chat, chatStream])('Gemini: thinking that only the total tells is output (%s)', async (file) => {
  const usage = { prompt_tokens: 20, completion_tokens: 198, total_tokens: 623 };
  const said = await changed(
    file,
    (payload) => ({ ...payload, model: 'gemini-2.5-flash', usage: payload.usage && usage }),
    { provider: 'gcp.gemini', model: 'gemini-2.5-flash' },
  );
  // 20 × 0.3 + 603 × 2.5
  expect(said).toMatchObject({
    'gen_ai.provider.name': 'gcp.gemini',
    'gen_ai.usage.input_tokens': 20,
    'gen_ai.usage.output_tokens': 603,
    'routescope.usage.source': 'provider',
    'routescope.cost.total': 0.0015135,
  });
});

test('Gemini: an answer that is all thinking has no completion at all', async () => {
  const said = await changed(
    chat,
    (payload) => ({ ...payload, model: 'gemini-2.5-flash', usage: { prompt_tokens: 20, total_tokens: 120 } }),
    { provider: 'gcp.gemini', model: 'gemini-2.5-flash' },
  );
  expect(said['gen_ai.usage.output_tokens']).toBe(100);
});

test('Moonshot: the usage of a stream stands in its choice', async () => {
  const said = await changed(
    chatStream,
    (payload) => {
      const { usage: _, ...rest } = payload;
      const [choice] = payload.choices;
      const usage = { prompt_tokens: 19, completion_tokens: 13, total_tokens: 32, cached_tokens: 9 };
      return choice?.finish_reason ? { ...rest, choices: [{ ...choice, usage }] } : rest;
    },
    { provider: 'moonshot_ai', model: 'kimi-k3' },
  );
  expect(said).toMatchObject({
    'gen_ai.usage.input_tokens': 19,
    'gen_ai.usage.output_tokens': 13,
    'gen_ai.usage.cache_read.input_tokens': 9,
    'routescope.usage.source': 'provider',
  });
});

test.each([
  ['Alibaba', { prompt_tokens_details: { cached_tokens: 100, cache_creation_input_tokens: 200 } }],
  ['LiteLLM', { cache_read_input_tokens: 100, prompt_tokens_details: { cache_creation_tokens: 200 } }],
  ['LiteLLM, older', { cache_read_input_tokens: 100, cache_creation_input_tokens: 200 }],
])('the cache as %s says it', async (_, usage) => {
  const said = await changed(chat, (payload) => ({
    ...payload,
    usage: { prompt_tokens: 1_000, completion_tokens: 5, total_tokens: 1_005, ...usage },
  }));
  expect(said).toMatchObject({
    'gen_ai.usage.cache_read.input_tokens': 100,
    'gen_ai.usage.cache_write.input_tokens': 200,
  });
});

test.each([chat, response])('a cache that is more than the input was counted beside it (%s)', async (file) => {
  const usage = file === chat ? { prompt_tokens: 10, completion_tokens: 5 } : { input_tokens: 10, output_tokens: 5 };
  const details = { cached_tokens: 400, cache_write_tokens: 100 };
  const said = await changed(file, (payload) => ({
    ...payload,
    usage: { ...usage, prompt_tokens_details: details, input_tokens_details: details },
  }));
  expect(said).toMatchObject({
    'gen_ai.usage.input_tokens': 510,
    'gen_ai.usage.cache_read.input_tokens': 400,
    'gen_ai.usage.cache_write.input_tokens': 100,
  });
});

test('Mistral: sound is paid by its length, and the text beside it by its tokens', async () => {
  const usage = { prompt_tokens: 4, completion_tokens: 635, total_tokens: 3_264, prompt_audio_seconds: 203 };
  const asked = { provider: 'mistral_ai', model: 'voxtral-small-latest' };
  const said = await changed(chat, (payload) => ({ ...payload, model: asked.model, usage }), asked);
  // Nobody here knows what a minute costs: a floor, 4 × 0.1 + 635 × 0.4
  expect(said).toMatchObject({
    'gen_ai.usage.input_tokens': 4,
    'gen_ai.usage.output_tokens': 635,
    'routescope.usage.audio_seconds': 203,
    'routescope.cost.status': 'partial',
    'routescope.cost.missing': ['audioMinute'],
    'routescope.cost.output': 0.000254,
  });
  const heard = await changed(
    'openai/transcription/openai-transcription.json',
    (payload) => ({ ...payload, model: 'voxtral-mini-latest', usage: { ...usage, prompt_audio_seconds: 90 } }),
    { provider: 'mistral_ai', model: 'voxtral-mini-latest' },
  );
  // A minute and a half at 0.003, and its tokens at nothing
  expect(heard).toMatchObject({ 'routescope.cost.total': 0.0045, 'routescope.cost.status': 'priced' });
});

test('Perplexity: reasoning of which there is more than of the answer is no part of it', async () => {
  const usage = { prompt_tokens: 33, completion_tokens: 7_163, total_tokens: 7_196, reasoning_tokens: 73_612 };
  const said = await changed(chat, (payload) => ({ ...payload, model: 'sonar-deep-research', usage }));
  expect(said['gen_ai.usage.output_tokens']).toBe(80_775);
  expect(said['gen_ai.usage.reasoning.output_tokens']).toBe(73_612);
});

test('zeros that a server says of a response until it is over are no usage', async () => {
  const zeros = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  const said = await changed(responseStream, (payload, index, all) =>
    index === all.length - 1
      ? { type: 'response.in_progress', response: { ...payload.response, status: 'in_progress', usage: zeros } }
      : payload,
  );
  expect(said).toMatchObject({ 'routescope.usage.source': 'missing', 'routescope.cost.status': 'unpriced' });
});

test.each(['36.7', 36.7])('sound without usage is as long as a verbose answer says: %o', async (duration) => {
  const said = await changed('openai/transcription/openai-transcription.json', ({ usage: _, ...payload }) => ({
    ...payload,
    duration,
  }));
  // At 0.006 a minute
  expect(said).toMatchObject({ 'routescope.usage.audio_seconds': 36.7, 'routescope.cost.total': 0.00367 });
});

test('an hour’s cache is one whole and streamed, though only the beginning of a stream says so', async () => {
  const file = 'anthropic/anthropic-json-tool.1.json';
  const row = rowOf(file);
  const [answer] = recordingOf(file).payloads as [Json];
  const cached = (total: number, ofAll: number) => ({
    cache_creation_input_tokens: total,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: ofAll },
  });
  const usage = { ...answer.usage, ...cached(3_000, 3_000) };
  const { cache_creation: _, ...later } = usage;
  const whole = await replayed(row, { payloads: [{ ...answer, usage }], isStream: false });
  const streamed = await replayed(row, {
    isStream: true,
    payloads: [
      { type: 'message_start', message: { ...answer, usage: { ...usage, ...cached(1_000, 1_000), output_tokens: 1 } } },
      { type: 'message_delta', delta: { stop_reason: answer.stop_reason }, usage: later },
    ],
  });
  expect(account(streamed)).toEqual(account(whole));
  // What the golden table says, and 3,000 × 2
  expect(whole['routescope.cost.total']).toBe(0.007586);
});

test.each(['fast', 'priority'])('OpenAI’s tier %s has one price under both names', async (tier) => {
  const said = await changed(chat, (payload) => ({
    ...payload,
    model: 'gpt-4o',
    service_tier: tier,
    usage: { prompt_tokens: 1_000, completion_tokens: 100 },
  }));
  // 1,000 × 4.25 + 100 × 17
  expect(said).toMatchObject({ 'routescope.cost.total': 0.00595, 'routescope.cost.status': 'priced' });
});

const endings = [
  ['incomplete', 'max_output_tokens', 'max_output_tokens'],
  ['failed', undefined, 'failed'],
  ['cancelled', undefined, 'cancelled'],
] as const;

test.each(endings)('a response that ends as %s says so, and costs what it used', async (status, reason, expected) => {
  const end = (answer: Json): Json => ({ ...answer, status, incomplete_details: reason ? { reason } : null });
  const whole = await changed(response, end);
  expect(whole['gen_ai.response.finish_reasons']).toEqual([expected]);
  const { payloads } = recordingOf(response);
  const row = rowOf(response);
  const streamed = await replayed(row, {
    isStream: true,
    payloads: [
      { type: 'response.created', response: { ...payloads[0], status: 'in_progress', usage: null } },
      { type: `response.${status}`, response: end(payloads[0]) },
    ],
  });
  expect(streamed['gen_ai.response.finish_reasons']).toEqual([expected]);
  expect(account(streamed)).toEqual(account(whole));
  expect(whole['routescope.cost.total']).toBe(row[5]);
});

test('a batch is billed as one, whatever its answers say of their tier', async () => {
  const file = 'anthropic/anthropic-json-tool.1.json';
  const { payloads } = recordingOf(file);
  const line = (result: object): string => `${JSON.stringify({ custom_id: 'a', result })}\n`;
  const { service_tier: _, ...usage } = payloads[0].usage;
  const results = [
    line({ type: 'succeeded', message: payloads[0] }),
    line({ type: 'succeeded', message: { ...payloads[0], usage } }),
    line({ type: 'errored', error: { type: 'error', error: { type: 'invalid_request_error', message: 'x' } } }),
    line({ type: 'canceled' }),
    line({ type: 'expired' }),
  ].join('');
  const batch = { id: 'b', processing_status: 'ended', results_url: 'https://api.anthropic.com/v1/results' };
  const fetch = async (url: unknown): Promise<Response> =>
    String(url).endsWith('results')
      ? new Response(results, { headers: { 'content-type': 'application/binary' } })
      : Response.json(batch);
  const client = observe(new Anthropic({ apiKey: 'none-needed', fetch, maxRetries: 0 }));
  let lines = 0;
  for await (const __ of await client.messages.batches.results('b')) lines++;
  expect(lines).toBe(5);
  // Half of what the golden table says
  expect(finished().map((said) => said['routescope.cost.total'])).toEqual([0.000793, 0.000793]);
});

test.each([
  ['another model that nobody knows', 'gpt-4o', 'gpt-from-tomorrow', 'unpriced'],
  ['the model of another house', 'gpt-4o', 'claude-sonnet-4-5', 'unpriced'],
  ['a snapshot that nobody knows', 'gpt-4o', 'gpt-4o-of-tomorrow', 'priced'],
  ['no model', 'gpt-4o', undefined, 'priced'],
])('%s answered: the price of the one asked for does not stand in', async (_, model, answered, status) => {
  const said = await changed(chat, (payload) => ({ ...payload, model: answered }), { model });
  expect(said['routescope.cost.status']).toBe(status);
});

test('of several choices each has its reason, whole and streamed, and the tokens are of all', async () => {
  const reasons = ['stop', 'length', 'content_filter', 'tool_calls'];
  const whole = await changed(chat, (payload) => ({
    ...payload,
    choices: reasons.map((finish_reason, index) => ({ ...payload.choices[0], index, finish_reason })),
  }));
  expect(whole['gen_ai.response.finish_reasons']).toEqual(reasons);
  const streamed = await changed(chatStream, (payload) => ({
    ...payload,
    // The last choice first, as they may come.
    choices: payload.choices.flatMap((choice: Json) =>
      reasons.map((reason, index) => ({ ...choice, index, finish_reason: choice.finish_reason && reason })).reverse(),
    ),
  }));
  expect(streamed['gen_ai.response.finish_reasons']).toEqual(reasons);
});

test.each([
  ['https://house.cognitiveservices.azure.com/openai/v1', 'azure.ai.openai'],
  ['https://generativelanguage.googleapis.com/v1beta/openai', 'gcp.gemini'],
  ['https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi', 'gcp.vertex_ai'],
  ['https://api.cohere.ai/compatibility/v1', 'cohere'],
])('%s is %s', async (baseURL, provider) => {
  const fetch = async (): Promise<Response> => Response.json(recordingOf(chat).payloads[0]);
  const client = observe(new OpenAI({ apiKey: 'none-needed', baseURL, fetch, maxRetries: 0 }));
  await client.chat.completions.create({ model: 'm', messages: [] });
  expect(finished()[0]?.['gen_ai.provider.name']).toBe(provider);
});
