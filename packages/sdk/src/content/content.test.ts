/** What was said stays in the process unless asked for by name, on every path; and what is asked for comes whole. */
import Anthropic from '@anthropic-ai/sdk';
import { type DiagLogger, diag, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { observe } from '../observe/observe.ts';
import { telemetryFailures } from '../telemetry.ts';
import type { ContentMode, ContentOptions, Place } from './settings.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
beforeEach(() => exporter.reset());
afterEach(() => vi.unstubAllEnvs());

type Body = Record<string, unknown>;
const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
const sse = (events: readonly Body[], end = ''): Response =>
  new Response(
    events
      .map((event) => `${event['type'] ? `event: ${event['type']}\n` : ''}data: ${JSON.stringify(event)}\n\n`)
      .join('') + end,
    { headers: { 'content-type': 'text/event-stream' } },
  );

const tool = { type: 'object', properties: { city: { type: 'string', description: 'SECRET schema' } } };
const call = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"SECRET city"}' } };
const chatRequest = {
  model: 'gpt-4o',
  messages: [
    { role: 'system', content: 'SECRET rules' },
    { role: 'user', content: [{ type: 'text', text: 'SECRET question' }] },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: 'SECRET result' },
  ],
  tools: [{ type: 'function', function: { name: 'weather', description: 'SECRET words', parameters: tool } }],
} as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming;
const usage = { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 };
const chatAnswer = {
  id: 'a',
  model: 'gpt-4o',
  choices: [
    {
      index: 0,
      finish_reason: 'tool_calls',
      message: { role: 'assistant', content: 'SECRET word', tool_calls: [call] },
    },
  ],
  usage,
};
const chatChunks = [
  { id: 'a', model: 'gpt-4o', choices: [{ index: 0, delta: { role: 'assistant', content: 'SECRET ' } }] },
  { id: 'a', choices: [{ index: 0, delta: { content: 'word' } }] },
  {
    id: 'a',
    choices: [
      {
        index: 0,
        delta: { tool_calls: [{ index: 0, id: 'c1', function: { name: 'weather', arguments: '{"city":' } }] },
      },
    ],
  },
  {
    id: 'a',
    choices: [
      {
        index: 0,
        delta: { tool_calls: [{ index: 0, function: { arguments: '"SECRET city"}' } }] },
        finish_reason: 'tool_calls',
      },
    ],
  },
  { id: 'a', choices: [], usage },
];
const messagesRequest = {
  model: 'claude-haiku-4-5-20251001',
  max_tokens: 8,
  system: [{ type: 'text', text: 'SECRET rules' }],
  messages: [
    { role: 'user', content: 'SECRET question' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'weather', input: { city: 'SECRET city' } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'SECRET result' }] },
  ],
  tools: [{ name: 'weather', description: 'SECRET words', input_schema: tool }],
} as unknown as Anthropic.MessageCreateParamsNonStreaming;
const messagesAnswer = {
  id: 'm',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content: [
    { type: 'thinking', thinking: 'SECRET thought' },
    { type: 'text', text: 'SECRET word' },
    { type: 'tool_use', id: 'c2', name: 'weather', input: { city: 'SECRET city' } },
  ],
  stop_reason: 'tool_use',
  usage: { input_tokens: 5, output_tokens: 5 },
};
const messagesChunks = [
  { type: 'message_start', message: { ...messagesAnswer, content: [], stop_reason: null } },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'SECRET thought' } },
  { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'SECRET ' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'word' } },
  { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'c2', name: 'weather', input: {} } },
  { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
  { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '"SECRET city"}' } },
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 5 } },
  { type: 'message_stop' },
];
const responsesRequest = {
  model: 'gpt-5-mini',
  instructions: 'SECRET rules',
  input: [
    { role: 'user', content: [{ type: 'input_text', text: 'SECRET question' }] },
    { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"city":"SECRET city"}' },
    { type: 'function_call_output', call_id: 'c1', output: 'SECRET result' },
  ],
  tools: [{ type: 'function', name: 'weather', description: 'SECRET words', parameters: tool, strict: true }],
} as unknown as OpenAI.Responses.ResponseCreateParamsNonStreaming;
const responsesAnswer = {
  id: 'r',
  object: 'response',
  model: 'gpt-5-mini',
  status: 'completed',
  output: [
    { type: 'reasoning', id: 'x', summary: [{ type: 'summary_text', text: 'SECRET thought' }] },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'SECRET word', annotations: [] }] },
    { type: 'function_call', call_id: 'c2', name: 'weather', arguments: '{"city":"SECRET city"}' },
  ],
  usage: { input_tokens: 5, output_tokens: 5 },
};

const openai = (answer: () => Response, content?: ContentMode | ContentOptions): OpenAI =>
  observe(
    new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: async () => answer() }),
    content === undefined ? {} : { content },
  );
const anthropic = (answer: () => Response, content?: ContentMode | ContentOptions): Anthropic =>
  observe(
    new Anthropic({ apiKey: 'k', maxRetries: 0, fetch: async () => answer() }),
    content === undefined ? {} : { content },
  );

const drain = async (stream: PromiseLike<AsyncIterable<unknown>>, most = Infinity): Promise<void> => {
  for await (const _ of await stream) if (--most <= 0) break;
};
const chat = (client: OpenAI) => client.chat.completions.create(chatRequest);
const streamedChat = (client: OpenAI, most?: number) =>
  drain(client.chat.completions.create({ ...chatRequest, stream: true }), most);
const quoting = (): Response =>
  json(
    { error: { message: 'your SECRET question is refused', type: 'invalid_request_error', code: 'SECRET words' } },
    400,
  );

/** Every way a request goes, with a secret in every place that an app or a provider may put one. */
const paths: Readonly<Record<string, (content?: ContentMode | ContentOptions) => PromiseLike<unknown>>> = {
  'chat, whole': (content) => chat(openai(() => json(chatAnswer), content)),
  'chat, streamed': (content) => streamedChat(openai(() => sse(chatChunks, 'data: [DONE]\n\n'), content)),
  'chat, left midway': (content) =>
    streamedChat(
      openai(() => sse(chatChunks, 'data: [DONE]\n\n'), content),
      2,
    ),
  'chat, refused with the prompt quoted': (content) => chat(openai(quoting, content)).catch(() => {}),
  'chat, an error in mid-stream': (content) =>
    streamedChat(openai(() => sse([...chatChunks.slice(0, 2), { error: { message: 'SECRET' } }]), content)).catch(
      () => {},
    ),
  'chat, parsed': (content) =>
    openai(() => json(chatAnswer), content).chat.completions.parse({ ...chatRequest, tools: [] }),
  'messages, whole': (content) => anthropic(() => json(messagesAnswer), content).messages.create(messagesRequest),
  'messages, streamed': (content) =>
    drain(anthropic(() => sse(messagesChunks), content).messages.create({ ...messagesRequest, stream: true })),
  'messages, an error in mid-stream': (content) =>
    drain(
      anthropic(
        () =>
          sse([
            ...messagesChunks.slice(0, 5),
            { type: 'error', error: { type: 'overloaded_error', message: 'SECRET' } },
          ]),
        content,
      ).messages.create({ ...messagesRequest, stream: true }),
    ).catch(() => {}),
  'beta messages': (content) =>
    anthropic(() => json(messagesAnswer), content).beta.messages.create(messagesRequest as never),
  'messages, refused with the prompt quoted': (content) =>
    anthropic(() => json({ type: 'error', error: { type: 'invalid_request_error', message: 'SECRET' } }, 400), content)
      .messages.create(messagesRequest)
      .then(undefined, () => {}),
  'responses, whole': (content) => openai(() => json(responsesAnswer), content).responses.create(responsesRequest),
  'responses, streamed': (content) =>
    drain(
      openai(() => sse([{ type: 'response.completed', response: responsesAnswer }]), content).responses.create({
        ...responsesRequest,
        stream: true,
      }),
    ),
  completions: (content) =>
    openai(
      () => json({ id: 'a', model: 'gpt-3.5-turbo-instruct', choices: [{ text: 'SECRET', index: 0 }], usage }),
      content,
    ).completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'SECRET' }),
  embeddings: (content) =>
    openai(() => json({ model: 'e', data: [], usage }), content).embeddings.create({ model: 'e', input: ['SECRET'] }),
  moderations: (content) =>
    openai(() => json({ id: 'a', model: 'm', results: [] }), content).moderations.create({ input: 'SECRET' }),
  images: (content) =>
    openai(() => json({ data: [{ url: 'https://SECRET' }] }), content).images.generate({
      model: 'i',
      prompt: 'SECRET',
    }),
  transcriptions: (content) =>
    openai(() => json({ text: 'SECRET' }), content).audio.transcriptions.create({
      model: 'whisper-1',
      prompt: 'SECRET',
      file: new File(['SECRET'], 'SECRET.wav'),
    }),
  speech: (content) =>
    openai(() => new Response('sound'), content).audio.speech.create({
      model: 'tts-1',
      voice: 'alloy',
      input: 'SECRET',
    }),
};

const everything = (): string =>
  JSON.stringify(
    exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, status, links }) => [name, attributes, events, status, links]),
  );
const only = (): Record<string, unknown> => {
  expect(exporter.getFinishedSpans()).toHaveLength(1);
  return exporter.getFinishedSpans()[0]?.attributes as Record<string, unknown>;
};
const said = (name: string) => JSON.parse(String(only()[name]));

describe.each(Object.keys(paths))('%s', (name) => {
  const path = paths[name] as (content?: ContentMode | ContentOptions) => PromiseLike<unknown>;

  test('keeps nothing of what was said, and not how much of it, unless asked', async () => {
    await path();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(everything()).not.toContain('SECRET');
    expect(everything()).not.toContain('routescope.content');
  });

  test('keeps no word of it as metadata', async () => {
    await path('metadata');
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(everything()).not.toContain('SECRET');
  });

  test('keeps nothing that the redactor did not give', async () => {
    const places: Place[] = [];
    const redact = (text: string, place: Place): string => {
      places.push(place);
      return text.replaceAll('SECRET', 'black');
    };
    await path({ mode: 'full', redact });
    expect(everything()).not.toContain('SECRET');
    if (places.length > 0) expect(everything()).toContain('black');
  });

  test.each([
    [
      'throws',
      (): string => {
        throw new Error('SECRET');
      },
    ],
    [
      'gives a promise',
      (async () => {
        throw new Error('SECRET');
      }) as never,
    ],
    ['gives nothing', (() => undefined) as never],
    [
      'gives something that turns into a secret',
      (() => ({ toString: () => 'SECRET', toJSON: () => 'SECRET' })) as never,
    ],
  ])('with a redactor that %s keeps nothing, and the call goes on', async (_, redact: () => string) => {
    const failures = telemetryFailures();
    await path({ mode: 'full', redact });
    expect(exporter.getFinishedSpans()).toHaveLength(1);
    expect(everything()).not.toContain('SECRET');
    expect(everything()).not.toMatch(/gen_ai\.(input|output)\.messages/);
    expect(telemetryFailures()).toBeGreaterThan(failures);
  });
});

const wanted = {
  input: [
    { role: 'user', parts: [{ type: 'text', content: 'SECRET question' }] },
    {
      role: 'assistant',
      parts: [{ type: 'tool_call', id: 'c1', name: 'weather', arguments: '{"city":"SECRET city"}' }],
    },
  ],
  result: [{ type: 'tool_call_response', id: 'c1', response: 'SECRET result' }],
  rules: [{ type: 'text', content: 'SECRET rules' }],
  tools: (type: string) => [{ type, name: 'weather', description: 'SECRET words', parameters: JSON.stringify(tool) }],
};

describe('full', () => {
  test.each(['chat, whole', 'chat, streamed'])('%s is in the conventions’ schema', async (name) => {
    await paths[name]?.('full');
    expect(said('gen_ai.input.messages')).toEqual([
      { role: 'system', parts: wanted.rules },
      ...wanted.input,
      { role: 'tool', parts: wanted.result },
    ]);
    expect(said('gen_ai.output.messages')).toEqual([
      {
        role: 'assistant',
        parts: [{ type: 'text', content: 'SECRET word' }, ...(wanted.input[1]?.parts ?? [])],
        finish_reason: 'tool_calls',
      },
    ]);
    expect(said('gen_ai.tool.definitions')).toEqual(wanted.tools('function'));
    expect(only()).not.toHaveProperty('gen_ai.system_instructions');
  });

  test.each(['messages, whole', 'messages, streamed'])('%s is too', async (name) => {
    await paths[name]?.('full');
    expect(said('gen_ai.system_instructions')).toEqual(wanted.rules);
    expect(said('gen_ai.input.messages')).toEqual([...wanted.input, { role: 'user', parts: wanted.result }]);
    expect(said('gen_ai.output.messages')).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'SECRET thought' },
          { type: 'text', content: 'SECRET word' },
          { type: 'tool_call', id: 'c2', name: 'weather', arguments: '{"city":"SECRET city"}' },
        ],
        finish_reason: 'tool_use',
      },
    ]);
  });

  test.each(['responses, whole', 'responses, streamed'])('%s is too', async (name) => {
    await paths[name]?.('full');
    expect(said('gen_ai.system_instructions')).toEqual(wanted.rules);
    expect(said('gen_ai.input.messages')).toEqual([...wanted.input, { role: 'tool', parts: wanted.result }]);
    expect(said('gen_ai.output.messages').map(({ parts }: { parts: unknown[] }) => parts[0])).toEqual([
      { type: 'reasoning', content: 'SECRET thought' },
      { type: 'text', content: 'SECRET word' },
      { type: 'tool_call', id: 'c2', name: 'weather', arguments: '{"city":"SECRET city"}' },
    ]);
  });

  test('what was read of a stream that was left is kept', async () => {
    await paths['chat, left midway']?.('full');
    expect(said('gen_ai.output.messages')[0].parts).toEqual([{ type: 'text', content: 'SECRET word' }]);
  });

  test('images and files are named, their bytes never kept', async () => {
    const url = `data:image/png;base64,${'QUJD'.repeat(1_000)}`;
    const content = [
      { type: 'image_url' as const, image_url: { url } },
      { type: 'image_url' as const, image_url: { url: 'https://house/cat.png' } },
    ];
    await openai(() => json(chatAnswer), 'full').chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content }],
    });
    expect(said('gen_ai.input.messages')[0].parts).toEqual([
      { type: 'blob', modality: 'image', base64_length: 4_000 },
      { type: 'uri', modality: 'image', uri: 'https://house/cat.png' },
    ]);
  });

  test('messages are kept as they were asked, whatever the app does with them afterwards', async () => {
    const messages = [{ role: 'user' as const, content: 'before' }];
    const asking = openai(() => json(chatAnswer), 'full').chat.completions.create({ model: 'm', messages });
    (messages[0] as { content: string }).content = 'after';
    await asking;
    expect(said('gen_ai.input.messages')[0].parts[0].content).toBe('before');
  });
});

describe('bounds', () => {
  const ask = (messages: { role: 'user'; content: string }[], maxBytes: number) =>
    openai(() => json(chatAnswer), { mode: 'full', maxBytes }).chat.completions.create({ model: 'm', messages });

  test.each([
    ['one long text', [{ role: 'user' as const, content: 'word '.repeat(50_000) }]],
    ['text of many bytes a character', [{ role: 'user' as const, content: '🦔'.repeat(50_000) }]],
    ['many messages', Array.from({ length: 5_000 }, (_, i) => ({ role: 'user' as const, content: `message ${i}` }))],
    ['quotes that double', [{ role: 'user' as const, content: '"\n'.repeat(5_000) }]],
  ])('%s fits, is JSON, and says it was cut', async (_, messages) => {
    await ask(messages, 1_024);
    const kept = String(only()['gen_ai.input.messages']);
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(1_024);
    expect(Buffer.byteLength(kept)).toBeGreaterThan(100);
    expect(JSON.parse(kept).length).toBeGreaterThan(0);
    expect(kept).not.toMatch(/\\ud[89ab]/); // no half characters
    expect(only()['routescope.content.is_cut']).toBe(true);
  });

  test('of many messages the last are kept; what fits is not cut', async () => {
    await ask(
      [
        { role: 'user', content: 'first' },
        ...Array.from({ length: 100 }, () => ({ role: 'user' as const, content: 'x'.repeat(90) })),
        { role: 'user', content: 'last' },
      ],
      512,
    );
    expect(said('gen_ai.input.messages').at(-1).parts[0].content).toBe('last');
    exporter.reset();
    await ask([{ role: 'user', content: 'short' }], 512);
    expect(only()).not.toHaveProperty('routescope.content.is_cut');
  });

  test('a secret is blackened before anything is cut, so that half of it cannot slip through', async () => {
    const content = `${'x'.repeat(200)} 4111-1111-1111-1111 ${'y'.repeat(2_000)}`;
    const redact = (text: string): string => text.replace(/\d{4}-\d{4}-\d{4}-\d{4}/g, '[card]');
    for (let maxBytes = 256; maxBytes < 600; maxBytes += 7)
      await openai(() => json(chatAnswer), { mode: 'full', maxBytes, redact }).chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content }],
      });
    expect(everything()).not.toContain('4111');
  });
});

test('metadata says who, what kinds, how much and which tools', async () => {
  await paths['chat, whole']?.('metadata');
  expect(only()).toMatchObject({
    'routescope.content.input.messages': 4,
    'routescope.content.input.parts': ['text', 'tool_call', 'tool_call_response'],
    'routescope.content.input.tools': ['weather'],
    'routescope.content.input.bytes': 62,
    'routescope.content.output.bytes': 33,
    'routescope.content.tools.tools': ['weather'],
  });
  expect(only()).not.toHaveProperty('gen_ai.input.messages');
});

test('as metadata, a tool or a kind of part that is a sentence is none', async () => {
  const made = { id: 'c', type: 'function', function: { name: 'SECRET of the user', arguments: '{}' } };
  const odd = { role: 'user', content: [{ type: 'SECRET kind of part' }] };
  const answer = { ...chatAnswer, choices: [{ ...chatAnswer.choices[0], message: { tool_calls: [made] } }] };
  const client = new OpenAI({ apiKey: 'k', fetch: async () => json(answer) });
  await observe(client, { content: 'metadata' }).chat.completions.create({
    ...chatRequest,
    messages: [odd as unknown as OpenAI.ChatCompletionUserMessageParam],
  });
  const [span] = exporter.getFinishedSpans();
  expect(JSON.stringify(span?.attributes)).not.toContain('SECRET');
  expect(span?.attributes['routescope.content.output.tools']).toEqual(['_other']);
});

test.each([4_294_967_294, 1e9, -1, 0.5, '0'])('a piece of a stream that belongs at %s is nowhere', async (index) => {
  const [first, ...rest] = chatChunks as unknown as [Body, ...Body[]];
  const delta = { content: 'lost', tool_calls: [{ index, function: { name: 'f', arguments: '{}' } }] };
  const stray = { id: 'a', choices: [{ index, delta }] };
  const inCall = { id: 'a', choices: [{ index: 0, delta: { tool_calls: delta.tool_calls } }] };
  const events = [first, stray, inCall, ...rest];
  const client = new OpenAI({ apiKey: 'k', fetch: async () => sse(events, 'data: [DONE]\n\n') });
  const stream = await observe(client, { content: 'full' }).chat.completions.create({ ...chatRequest, stream: true });
  for await (const _ of stream);
  const kept = String(exporter.getFinishedSpans()[0]?.attributes['gen_ai.output.messages']);
  expect(JSON.parse(kept)).toHaveLength(1);
  expect(kept).not.toContain('lost');
});

test('a request that cannot be read is not kept, and is sent all the same', async () => {
  const request = {
    ...chatRequest,
    get tools(): never {
      throw new Error('SECRET');
    },
  };
  let sent = 0;
  const client = observe(
    new OpenAI({
      apiKey: 'k',
      maxRetries: 0,
      fetch: async () => {
        sent++;
        return json(chatAnswer);
      },
    }),
    { content: 'full' },
  );
  const bare = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: async () => json(chatAnswer) });
  const outcome = (asked: OpenAI) =>
    asked.chat.completions.create(request).then(
      () => 'answered',
      (e: Error) => e.message,
    );
  expect(await outcome(client)).toBe(await outcome(bare));
  expect(sent).toBe(0); // neither client can make a body of it
  expect(everything()).not.toContain('SECRET');
});

describe('the door', () => {
  const kept = async (content?: ContentMode | ContentOptions): Promise<boolean> => {
    exporter.reset();
    await chat(openai(() => json(chatAnswer), content));
    return 'gen_ai.input.messages' in only();
  };

  test('opens by the option or else by the environment, never by a blend of both', async () => {
    vi.resetModules();
    vi.stubEnv('ROUTESCOPE_CONTENT', 'full');
    const { contentOf } = await import('./settings.ts');
    expect(contentOf(undefined)().mode).toBe('full');
    expect(contentOf('off')().mode).toBe('off');
    expect(contentOf('metadata')().mode).toBe('metadata');
    expect(() => contentOf({ maxBytes: 1_000 } as never)).toThrow(
      'content: found nothing, expected off, metadata, full',
    );
  });

  test('what the process was started with goes before the environment, and a client’s own before both', async () => {
    vi.resetModules();
    vi.stubEnv('ROUTESCOPE_CONTENT', 'full');
    const { contentOf, setDefaultContent } = await import('./settings.ts');
    setDefaultContent('off');
    expect(contentOf(undefined)().mode).toBe('off');
    expect(contentOf({ mode: 'full', maxBytes: 999 })()).toEqual({ mode: 'full', maxBytes: 999, redact: undefined });
  });

  test.each(['FULL', 'true', '1', 'everything'])('%s in the environment is off, and said', async (value) => {
    vi.resetModules();
    vi.stubEnv('ROUTESCOPE_CONTENT', value);
    const warn = vi.fn();
    diag.setLogger({ warn } as unknown as DiagLogger);
    const { contentOf } = await import('./settings.ts');
    expect(contentOf(undefined)().mode).toBe('off');
    expect(warn).toHaveBeenCalledWith(
      `ROUTESCOPE_CONTENT: content: found ${value}, expected off, metadata, full; content stays off`,
    );
    diag.disable();
  });

  test('is closed for nobody who asked, and wrong options are refused at once', async () => {
    expect(await kept()).toBe(false);
    expect(await kept('full')).toBe(true);
    for (const wrong of ['Full', null, {}, { mode: 'full', maxBytes: 3 }, { mode: 'full', redact: 'all' }])
      expect(() => openai(() => json(chatAnswer), wrong as never)).toThrow(/^content(\.\w+)?: found /);
  });
});
