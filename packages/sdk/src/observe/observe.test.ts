/** The wrapper against the real SDKs and recorded bytes: everything is compared with what the bare client does. */
import { readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withSession, withTag } from '../context.ts';
import { telemetryFailures } from '../telemetry.ts';
import { observe } from './observe.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
beforeEach(() => exporter.reset());

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../../test/fixtures/providers/${name}`, import.meta.url), 'utf8');
// biome-ignore lint/suspicious/noExplicitAny: recorded JSON.
const chunksOf = (name: string): any[] =>
  fixture(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;
const json = (body: string, status = 200): Response =>
  new Response(body, { status, headers: { 'content-type': 'application/json' } });

/** A server-sent stream; `failAfter` breaks it off, `signal` aborts it as a socket would. */
function sse(
  events: readonly { type?: string }[],
  { failAfter = -1, signal }: { failAfter?: number; signal?: AbortSignal | null | undefined } = {},
): Response {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal?.addEventListener('abort', () => controller.error(signal.reason));
    },
    pull(controller) {
      if (sent === failAfter) return controller.error(new TypeError('terminated'));
      const event = events[sent++];
      if (event)
        return controller.enqueue(
          new TextEncoder().encode(`${event.type ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`),
        );
      if (signal) return new Promise(() => {}); // stays open until aborted
      controller.enqueue(new TextEncoder().encode('data: [DONE]\n\n'));
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

const bareOpenAI = (fetch: Fetch, baseURL = 'https://api.openai.com/v1'): OpenAI =>
  new OpenAI({ apiKey: 'secret-key', fetch, baseURL, maxRetries: 0 });
const bareAnthropic = (fetch: Fetch): Anthropic => new Anthropic({ apiKey: 'secret-key', fetch, maxRetries: 0 });

const messages = [{ role: 'user' as const, content: 'SECRET question' }];
const chat = { model: 'gpt-4.1-nano', messages, max_tokens: 64, temperature: 0.2 };
const message = { model: 'claude-haiku-4-5-20251001', messages, max_tokens: 64 };

function onlySpan(): ReadableSpan {
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

const openaiWhole = fixture('openai/chat/openai-text.json');
const openaiStream = chunksOf('openai/chat/openai-text.chunks.txt');
const anthropicStream = chunksOf('anthropic/anthropic-text.chunks.txt');

afterEach(() => {
  for (const span of exporter.getFinishedSpans()) {
    const all = JSON.stringify([span.attributes, span.events, span.status, span.name]);
    expect(all).not.toContain('SECRET');
    expect(all).not.toContain('secret-key');
  }
});

describe('a whole answer', () => {
  test('of OpenAI is one span as the conventions say, with tokens and cost', async () => {
    const client = observe(bareOpenAI(async () => json(openaiWhole)));
    const answer = await withSession('s1', () => withTag('classify', () => client.chat.completions.create(chat)));
    expect(answer).toEqual(await bareOpenAI(async () => json(openaiWhole)).chat.completions.create(chat));
    const span = onlySpan();
    expect(span).toMatchObject({
      name: 'chat gpt-4.1-nano',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      instrumentationScope: { name: '@routescope/sdk' },
    });
    expect(span.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4.1-nano',
      'gen_ai.conversation.id': 's1',
      'routescope.tag': 'classify',
      'server.address': 'api.openai.com',
      'server.port': 443,
      'gen_ai.request.max_tokens': 64,
      'gen_ai.request.temperature': 0.2,
      'openai.api.type': 'chat_completions',
      'gen_ai.response.id': JSON.parse(openaiWhole).id,
      'gen_ai.response.model': 'gpt-4.1-nano-2025-04-14',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 16,
      'gen_ai.usage.output_tokens': 363,
      'gen_ai.usage.cache_read.input_tokens': 0,
      'gen_ai.usage.reasoning.output_tokens': 0,
      'openai.response.service_tier': 'default',
      'routescope.usage.source': 'provider',
      'routescope.cost.total': 0.0001468,
      'routescope.cost.input': 0.0000016,
      'routescope.cost.output': 0.0001452,
      'routescope.cost.status': 'priced',
      'routescope.cost.source': 'local',
      'routescope.cost.price_version': expect.stringMatching(/^genai-prices-/),
      'routescope.ending': 'complete',
      'routescope.outcome': 'accepted',
      'routescope.emitter.id': expect.stringMatching(/^[0-9a-f]{16}$/),
      'routescope.emitter.sequence': expect.any(Number),
    });
  });

  test('of Anthropic counts its input with the cache', async () => {
    const body = JSON.stringify({
      ...JSON.parse(fixture('anthropic/anthropic-json-tool.1.json')),
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 50,
        cache_creation_input_tokens: 100,
        cache_creation: { ephemeral_1h_input_tokens: 40 },
        output_tokens: 7,
      },
    });
    await observe(bareAnthropic(async () => json(body))).messages.create(message);
    expect(onlySpan().attributes).toMatchObject({
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.usage.input_tokens': 160,
      'gen_ai.usage.cache_read.input_tokens': 50,
      'gen_ai.usage.cache_write.input_tokens': 100,
      'gen_ai.response.finish_reasons': ['tool_use'],
      // claude-haiku-4-5: 10 at 1, 50 at 0.1, 60 at 1.25, 40 at 2, 7 at 5 USD per million
      'routescope.cost.total': 0.000205,
    });
  });

  test('of a model nobody has a price for has no cost, and says unpriced', async () => {
    const client = observe(
      bareOpenAI(async () => json(fixture('openai-compatible/groq-groq-text.json')), 'http://127.0.0.1:8000/v1'),
    );
    await client.chat.completions.create({ ...chat, model: 'llama-3.3-70b-versatile' });
    const { attributes } = onlySpan();
    expect(attributes).toMatchObject({
      'routescope.cost.status': 'unpriced',
      'gen_ai.usage.output_tokens': 607,
      'server.port': 8000,
    });
    expect(attributes).not.toHaveProperty(['routescope.cost.total']);
  });

  test('is priced by the user’s own file, by the host', async () => {
    const prices = {
      version: 'mine',
      prices: [{ host: '127.0.0.1:8000', model: 'llama-3.3-70b-versatile', input: 1, output: 2 }],
    };
    const client = observe(
      bareOpenAI(async () => json(fixture('openai-compatible/groq-groq-text.json')), 'http://127.0.0.1:8000/v1'),
      { prices },
    );
    await client.chat.completions.create({ ...chat, model: 'llama-3.3-70b-versatile' });
    expect(onlySpan().attributes).toMatchObject({
      'routescope.cost.total': 0.001259,
      'routescope.cost.price_version': 'mine',
    });
  });

  test('whose reasoning stands beside the completion, as xAI counts, has it in its output', async () => {
    await observe(
      bareOpenAI(async () => json(fixture('openai-compatible/xai-xai-text.json')), 'https://api.x.ai/v1'),
    ).chat.completions.create({ ...chat, model: 'grok-3-mini' });
    expect(onlySpan().attributes).toMatchObject({
      'gen_ai.provider.name': 'x_ai',
      'gen_ai.usage.output_tokens': 229,
      'gen_ai.usage.reasoning.output_tokens': 228,
    });
  });
});

describe('a stream', () => {
  test('of OpenAI is asked for its usage, and the app that did not ask sees the very chunks it would have seen', async () => {
    const bodies: string[] = [];
    const answering =
      (wanted: boolean): Fetch =>
      async (_, init) => {
        bodies.push(String(init?.body));
        const withUsage = openaiStream.map((chunk) => ({ ...chunk }));
        return sse(
          wanted
            ? withUsage.map((chunk) => ('usage' in chunk ? chunk : { ...chunk, usage: null }))
            : withUsage.filter((chunk) => chunk.choices.length > 0).map(({ usage: _usage, ...chunk }) => chunk),
        );
      };
    const seen: unknown[] = [];
    for await (const chunk of await observe(bareOpenAI(answering(true))).chat.completions.create({
      ...chat,
      stream: true,
    }))
      seen.push(chunk);
    const bare: unknown[] = [];
    for await (const chunk of await bareOpenAI(answering(false)).chat.completions.create({ ...chat, stream: true }))
      bare.push(chunk);
    expect(seen).toEqual(bare);
    expect(JSON.parse(bodies[0] as string).stream_options).toEqual({ include_usage: true });
    expect(JSON.parse(bodies[1] as string).stream_options).toBeUndefined();
    expect(onlySpan().attributes).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.usage.input_tokens': 16,
      'gen_ai.usage.output_tokens': 300,
      'gen_ai.response.finish_reasons': ['stop'],
      'routescope.stream.outcome': 'complete',
      'routescope.usage.source': 'provider',
      'gen_ai.response.time_to_first_chunk': expect.any(Number),
    });
  });

  test('of an app that asked for usage keeps it, and of a host that may refuse the field is not asked', async () => {
    const bodies: string[] = [];
    const fetch: Fetch = async (_, init) => {
      bodies.push(String(init?.body));
      return sse(openaiStream);
    };
    const seen: { usage?: unknown }[] = [];
    const asked = { ...chat, stream: true as const, stream_options: { include_usage: true } };
    for await (const chunk of await observe(bareOpenAI(fetch)).chat.completions.create(asked)) seen.push(chunk);
    expect(seen.at(-1)?.usage).toBeDefined();
    expect(seen).toHaveLength(openaiStream.length);
    for await (const _ of await observe(bareOpenAI(fetch, 'https://llm.example/v1')).chat.completions.create({
      ...chat,
      stream: true,
    }));
    expect(JSON.parse(bodies[1] as string)).not.toHaveProperty('stream_options');
  });

  test('the caller’s body is not changed', async () => {
    const body = { ...chat, stream: true as const };
    const before = structuredClone(body);
    for await (const _ of await observe(bareOpenAI(async () => sse(openaiStream))).chat.completions.create(body));
    expect(body).toEqual(before);
  });

  test('of Anthropic ends with the cumulative counts', async () => {
    const seen: unknown[] = [];
    for await (const event of await observe(bareAnthropic(async () => sse(anthropicStream))).messages.create({
      ...message,
      stream: true,
    }))
      seen.push(event);
    expect(seen).toHaveLength(anthropicStream.filter((event) => event.type !== 'ping').length);
    expect(onlySpan().attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 30,
      'gen_ai.response.finish_reasons': ['end_turn'],
      'routescope.usage.source': 'provider',
    });
  });

  test('the app breaks out of is canceled, with what was known so far', async () => {
    for await (const _ of await observe(bareAnthropic(async () => sse(anthropicStream))).messages.create({
      ...message,
      stream: true,
    }))
      break;
    expect(onlySpan()).toMatchObject({ status: { code: SpanStatusCode.UNSET } });
    expect(onlySpan().attributes).toMatchObject({
      'routescope.stream.outcome': 'cancelled',
      'routescope.outcome': 'canceled',
      'routescope.usage.source': 'estimated',
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 1,
    });
    exporter.reset();
    for await (const _ of await observe(bareOpenAI(async () => sse(openaiStream))).chat.completions.create({
      ...chat,
      stream: true,
    }))
      break;
    expect(onlySpan().attributes).toMatchObject({
      'routescope.usage.source': 'missing',
      'routescope.cost.status': 'unpriced',
      'gen_ai.response.finish_reasons': ['error'],
    });
    expect(onlySpan().attributes).not.toHaveProperty(['gen_ai.usage.output_tokens']);
  });

  test('that breaks off fails, in the app and on the span', async () => {
    const read = async (client: OpenAI): Promise<string> => {
      try {
        for await (const _ of await client.chat.completions.create({ ...chat, stream: true }));
        return 'ended';
      } catch (error) {
        return String(error);
      }
    };
    const fetch: Fetch = async () => sse(openaiStream, { failAfter: 3 });
    expect(await read(observe(bareOpenAI(fetch)))).toBe(await read(bareOpenAI(fetch)));
    expect(onlySpan()).toMatchObject({ status: { code: SpanStatusCode.ERROR } });
    expect(onlySpan().attributes).toMatchObject({
      'routescope.stream.outcome': 'error',
      'routescope.outcome': 'failed',
    });
  });

  test('that breaks off with an error nobody may look into fails with just that one', async () => {
    const hostile = Object.defineProperty(new Error('broken off'), 'constructor', {
      get() {
        throw new Error('of ours');
      },
    });
    const body = () => new ReadableStream({ pull: (controller) => controller.error(hostile) });
    const client = observe(
      bareOpenAI(async () => new Response(body(), { headers: { 'content-type': 'text/event-stream' } })),
    );
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toBe(hostile);
    expect(onlySpan().attributes).toMatchObject({ 'error.type': '_OTHER', 'routescope.ending': 'failed_midway' });
  });

  test('may be teed, read as bytes, or aborted; each is one span', async () => {
    const open = () =>
      observe(bareOpenAI(async () => sse(openaiStream))).chat.completions.create({ ...chat, stream: true });
    const [left, right] = (await open()).tee();
    const counts = await Promise.all([left, right].map(countOf));
    expect(counts[0]).toBe(counts[1]);
    expect(onlySpan().attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 300 });
    exporter.reset();
    const text = await new Response((await open()).toReadableStream()).text();
    expect(text.trim().split('\n')).toHaveLength(counts[0] as number);
    expect(onlySpan().attributes).toMatchObject({ 'routescope.stream.outcome': 'complete' });
    exporter.reset();
    const aborted = await observe(
      bareOpenAI(async (_, init) => sse(openaiStream, { signal: init?.signal })),
    ).chat.completions.create({ ...chat, stream: true });
    let read = 0;
    for await (const _ of aborted) if (++read === 2) aborted.controller.abort();
    expect(onlySpan().attributes).toMatchObject({ 'routescope.stream.outcome': 'cancelled' });
  });
});

async function countOf(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

describe('what the app gets', () => {
  test('is a client of the same class; the one it gave stays as it was', async () => {
    const bare = bareOpenAI(async () => json(openaiWhole));
    const observed: OpenAI = observe(bare);
    expect(observed).toBeInstanceOf(OpenAI);
    expect(observed).not.toBe(bare);
    await bare.chat.completions.create(chat);
    expect(exporter.getFinishedSpans()).toHaveLength(0);
    const anthropic = bareAnthropic(async () => json('{}'));
    expect(observe(anthropic)).toBeInstanceOf(Anthropic);
  });

  test('has the promise’s own methods: withResponse, asResponse, and the helpers', async () => {
    const client = observe(bareOpenAI(async () => json(openaiWhole)));
    const { data, response } = await client.chat.completions.create(chat).withResponse();
    expect([data.id, response.status]).toEqual([JSON.parse(openaiWhole).id, 200]);
    expect(onlySpan().attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 363 });
    exporter.reset();
    const raw = await client.chat.completions.create(chat).asResponse();
    expect(await raw.json()).toEqual(JSON.parse(openaiWhole));
    expect(onlySpan().attributes).toMatchObject({ 'routescope.usage.source': 'missing' });
    exporter.reset();
    expect((await client.chat.completions.parse(chat)).choices[0]?.message.content).toBe(
      JSON.parse(openaiWhole).choices[0].message.content,
    );
    expect(onlySpan().attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 363 });
    exporter.reset();
    const streaming = observe(bareOpenAI(async () => sse(openaiStream))).chat.completions.stream(chat);
    expect((await streaming.finalChatCompletion()).choices[0]?.finish_reason).toBe('stop');
    expect(onlySpan().attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 300 });
    exporter.reset();
    const final = await observe(bareAnthropic(async () => sse(anthropicStream)))
      .messages.stream(message)
      .finalMessage();
    expect(final.usage.output_tokens).toBe(30);
    expect(onlySpan().attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 30 });
  });

  test('withOptions gives an observed client too, and observing twice is one span', async () => {
    const client = observe(observe(bareOpenAI(async () => json(openaiWhole))));
    await client.withOptions({ timeout: 1_000 }).chat.completions.create(chat);
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });

  test('Anthropic’s own tracing is off on the copy, so that nothing is counted twice', async () => {
    await observe(bareAnthropic(async () => json(fixture('anthropic/anthropic-json-tool.1.json')))).messages.create(
      message,
    );
    expect(onlySpan().instrumentationScope.name).toBe('@routescope/sdk');
  });

  test.each([
    [401, { error: { message: 'SECRET', type: 'invalid_request_error', code: 'invalid_api_key' } }, 'invalid_api_key'],
    [429, { error: { message: 'SECRET', type: 'requests', code: 'rate_limit_exceeded' } }, 'rate_limit_exceeded'],
    [500, { error: { message: 'SECRET' } }, '500'],
  ])('is the same error for HTTP %i, which is on the span without its message', async (status, body, type) => {
    const fetch: Fetch = async () => json(JSON.stringify(body), status);
    const failure = async (client: OpenAI) =>
      client.chat.completions
        .create(chat)
        .then(String, (error: { status: number; constructor: unknown }) => [
          error.status,
          error.constructor,
          String(error),
        ]);
    expect(await failure(observe(bareOpenAI(fetch)))).toEqual(await failure(bareOpenAI(fetch)));
    expect(onlySpan()).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: type },
      attributes: { 'error.type': type, 'routescope.outcome': 'failed' },
    });
  });

  test('an abort by the app is canceled, not an error', async () => {
    const stop = new AbortController();
    const never: Fetch = (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    const asked = observe(bareOpenAI(never)).chat.completions.create(chat, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toThrow(OpenAI.APIUserAbortError);
    expect(onlySpan()).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'routescope.outcome': 'canceled' },
    });
  });

  test('an answer that is no JSON fails as it does bare', async () => {
    const fetch: Fetch = async () => json('<html>');
    await expect(observe(bareOpenAI(fetch)).chat.completions.create(chat)).rejects.toThrow(SyntaxError);
    expect(onlySpan().attributes).toMatchObject({ 'error.type': 'SyntaxError' });
  });

  test('has exactly the unhandled rejections of the bare client', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listener);
    const fetch: Fetch = async () => json('{"error":{}}', 400);
    const run = async (client: OpenAI): Promise<number> => {
      unhandled.length = 0;
      void client.chat.completions.create(chat); // never awaited: unhandled
      await client.chat.completions.create(chat).catch(() => {});
      await client.chat.completions.parse(chat).catch(() => {});
      await client.chat.completions
        .create(chat)
        .asResponse()
        .catch(() => {});
      await client.chat.completions
        .create(chat)
        .withResponse()
        .catch(() => {});
      await new Promise((later) => setImmediate(() => setImmediate(later)));
      return unhandled.length;
    };
    const bare = await run(bareOpenAI(fetch));
    const observed = await run(observe(bareOpenAI(fetch)));
    process.off('unhandledRejection', listener);
    expect(observed).toBe(bare);
  });
});

describe('when telemetry itself fails', () => {
  test('the call goes on, and the failure is counted', async () => {
    const before = telemetryFailures();
    const clock = (): number => {
      throw new Error('no clock');
    };
    const answer = await observe(
      bareOpenAI(async () => json(openaiWhole)),
      { clock },
    ).chat.completions.create(chat);
    expect(answer.id).toBe(JSON.parse(openaiWhole).id);
    expect(telemetryFailures()).toBeGreaterThan(before);
  });

  test('a chunk without choices, as compatible servers may send, reaches the app and breaks nothing', async () => {
    const odd = [
      { id: 'x', object: 'chat.completion.chunk', model: 'm' },
      null,
      ...openaiStream.slice(0, 2),
    ] as never[];
    const seen = await countOf(
      await observe(bareOpenAI(async () => sse(odd.filter(Boolean)))).chat.completions.create({
        ...chat,
        stream: true,
      }),
    );
    expect(seen).toBe(3);
  });

  test('what is no client is refused with a sentence', () => {
    expect(() => observe({})).toThrow('observe() takes an OpenAI client');
  });
});
