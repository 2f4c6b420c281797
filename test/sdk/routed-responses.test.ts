/** Routes whose models are asked through other APIs than chat: recorded answers are judged by what they say. */
import { type Attributes, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { observe } from '@routescope/sdk';
import { createRouter, openaiChat, routes } from '@routescope/sdk/router';
import OpenAI from 'openai';
import { beforeAll, expect, test } from 'vitest';
import type { Json } from '../provider/fixtures.ts';
import { framesOf, recordingOf } from './replayed.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});

const [recorded] = recordingOf('openai/responses/openai-phase.1.json').payloads as [Json];
const stream = recordingOf('openai/responses/openai-phase.1.chunks.txt').payloads;

/** What the call span says of the verdict, after one answer of a single tier. */
async function judged(answer: () => Response, validate: RegExp, isStream = false): Promise<Attributes> {
  exporter.reset();
  const client = observe(new OpenAI({ apiKey: 'none-needed', maxRetries: 0, fetch: async () => answer() }));
  const table = routes({
    job: { why: 'w', caughtBy: 'nothing', validate, tiers: [{ name: 'only', model: 'gpt-5', via: () => undefined }] },
  });
  const asked = createRouter(table).route('job', ({ model }) =>
    client.responses.create({ model, input: 'Recorded.', stream: isStream }),
  );
  const answered = await asked.catch(() => ({ answer: undefined }));
  if (isStream) for await (const _ of answered.answer as unknown as AsyncIterable<unknown>);
  const call = () => exporter.getFinishedSpans().find(({ name }) => name === 'route job');
  await expect.poll(call).toBeDefined();
  return call()?.attributes as Attributes;
}

const text = recorded.output
  .flatMap((item: Json) => item.content ?? [])
  .map((part: Json) => part.text)
  .join('');
const whole = (answer: Json) => (): Response => Response.json(answer);

test('a response is judged by its text, whole and streamed', async () => {
  expect(text).not.toBe('');
  const isText = new RegExp(`^${text.slice(0, 12).replace(/[^\w ]/g, '.')}`);
  expect(await judged(whole(recorded), isText)).toMatchObject({ 'routescope.validation.result': 'pass' });
  expect(await judged(whole(recorded), /^no such text$/)).toMatchObject({ 'routescope.validation.result': 'fail' });
  const streamed = () =>
    new Response(framesOf('responses', stream).join(''), { headers: { 'content-type': 'text/event-stream' } });
  const said = await judged(streamed, /\w/, true);
  expect(said).toMatchObject({ 'routescope.validation.result': 'pass' });
});

test('a response cut off, or refused, is told apart', async () => {
  const cut = { ...recorded, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  expect(await judged(whole(cut), /^no such text$/)).toMatchObject({ 'routescope.validation.result': 'fail' });
  const refusal = [{ type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'I will not.' }] }];
  expect(await judged(whole({ ...recorded, output: refusal }), /./)).toMatchObject({
    'routescope.validation.result': 'fail',
    'routescope.validation.name': 'refusal',
  });
});

test.each([
  ['gpt-4o', 'max_tokens'],
  ['gpt-35-turbo', 'max_tokens'],
  ['gpt-5-mini', 'max_completion_tokens'],
  ['gpt-5.4', 'max_completion_tokens'],
  ['gpt-6-sol', 'max_completion_tokens'],
  ['gpt-10', 'max_completion_tokens'],
  ['o4-mini', 'max_completion_tokens'],
])('%s is asked for no more than a tier allows by %s', async (model, limit) => {
  let body: Json;
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    body = JSON.parse(String(init?.body));
    return Response.json(recordingOf('openai/chat/openai-text.json').payloads[0]);
  };
  const via = openaiChat(new OpenAI({ apiKey: 'none-needed', fetch }));
  await via({ messages: [] }, { model, maxTokens: 9, temperature: undefined, signal: undefined, attempt: 1 });
  expect(body).toMatchObject({ [limit]: 9 });
});
