/** An app that was bundled and minified has other names for every class: what becomes of a call is told all the same. */
import { type Attributes, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { observe } from '@routescope/sdk';
import { createRouter, openaiChat, routes } from '@routescope/sdk/router';
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIUserAbortError, AzureOpenAI } from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { recordingOf } from './replayed.ts';

const exporter = new InMemorySpanExporter();
const classes = [OpenAI, AzureOpenAI, APIConnectionError, APIConnectionTimeoutError, APIUserAbortError];
const names = classes.map(({ name }) => name);
const rename = (to: readonly string[]): void =>
  classes.forEach((each, index) => void Object.defineProperty(each, 'name', { value: to[index] }));

beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  rename(['a', 'b', 'c', 'd', 'e']);
});
afterAll(() => rename(names));
beforeEach(() => exporter.reset());

const answer = async (): Promise<Response> => Response.json(recordingOf('openai/chat/openai-text.json').payloads[0]);
const only = (): Attributes => exporter.getFinishedSpans()[0]?.attributes as Attributes;
const ask = (client: OpenAI, signal?: AbortSignal) =>
  client.chat.completions.create({ model: 'm', messages: [] }, signal && { signal });

test('no connection', async () => {
  const fetch = () => Promise.reject(new TypeError('fetch failed'));
  await expect(ask(observe(new OpenAI({ apiKey: 'k', maxRetries: 0, fetch })))).rejects.toThrow(APIConnectionError);
  expect(only()).toMatchObject({ 'routescope.ending': 'failed', 'error.type': 'connection_error' });
});

test('an abort', async () => {
  const client = observe(new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: answer }));
  await expect(ask(client, AbortSignal.abort())).rejects.toThrow(APIUserAbortError);
  expect(only()).toMatchObject({ 'routescope.ending': 'aborted', 'routescope.outcome': 'canceled' });
});

test('a cloud, told by its host', async () => {
  const client = observe(
    new AzureOpenAI({
      endpoint: 'https://unit.openai.azure.com',
      apiVersion: '2024-10-21',
      apiKey: 'k',
      fetch: answer,
    }),
  );
  expect(client).toBeInstanceOf(AzureOpenAI);
  await ask(client);
  expect(only()).toMatchObject({ 'gen_ai.provider.name': 'azure.ai.openai', 'routescope.cost.status': 'priced' });
});

test('a failover', async () => {
  const away = observe(new OpenAI({ apiKey: 'k', fetch: () => Promise.reject(new TypeError('gone')) }));
  const there = observe(new OpenAI({ apiKey: 'k', fetch: answer }));
  const tiers = [
    { name: 'small', model: 'gpt-4o-mini', via: openaiChat(away) },
    { name: 'large', model: 'gpt-4o', via: openaiChat(there) },
  ] as const;
  const router = createRouter(routes({ job: { why: 'w', caughtBy: 'nothing', retries: 0, tiers: [...tiers] } }));
  const { call } = await router.route('job', { messages: [{ role: 'user', content: 'x' }] });
  expect(call.tier).toBe('large');
});
