/** Every method that infers is a span with its operation; every other is left alone. And nothing private is on any. */
import assert from 'node:assert/strict';
import { type Dialect, key, secret } from '../dialect.ts';
import { type Check, type Client, outcome, type Scenario, type Spans } from '../trial.ts';
import { isStreamed, json, type Script, sse } from '../wire.ts';
import { helperStream } from './errors.ts';
import { read } from './promise.ts';

interface Method {
  readonly live: Scenario;
  readonly answer?: unknown;
  readonly script?: Script;
  readonly operation: string;
  readonly has?: Record<string, unknown>;
}

const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18 };
const tokens = { 'gen_ai.usage.input_tokens': 11, 'gen_ai.usage.output_tokens': 7 };
const file = (): File => new File([secret], 'speech.wav', { type: 'audio/wav' });
const response = { id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-4.1-nano', output: [], usage };
const text =
  (events: object[]): Script =>
  () =>
    sse(events);

const openaiMethods: Readonly<Record<string, Method>> = {
  'chat.completions.create': {
    live: (client) => client.chat.completions.create({ model: 'm', messages: [] }),
    answer: { choices: [] },
    operation: 'chat',
  },
  'responses.create': {
    live: (client) => client.responses.create({ model: 'm', input: secret }),
    answer: response,
    operation: 'chat',
    has: tokens,
  },
  'responses.create, streamed': {
    live: async (client) => read(await client.responses.create({ model: 'm', input: secret, stream: true })),
    script: text([
      { type: 'response.created', response: { ...response, usage: null } },
      { type: 'response.completed', response },
    ]),
    operation: 'chat',
    has: tokens,
  },
  'responses.compact': {
    live: (client) => client.responses.compact({ model: 'm', input: secret }),
    answer: { id: 'c', object: 'response.compaction', output: [], usage },
    operation: 'chat',
    has: tokens,
  },
  'beta.responses.create': {
    live: (client) => client.beta.responses.create({ model: 'm', input: secret }),
    answer: response,
    operation: 'chat',
    has: tokens,
  },
  'beta.responses.compact': {
    live: (client) => client.beta.responses.compact({ model: 'm', input: secret }),
    answer: response,
    operation: 'chat',
    has: tokens,
  },
  'completions.create': {
    live: (client) => client.completions.create({ model: 'm', prompt: secret }),
    answer: {
      id: 'c',
      choices: [{ text: secret, finish_reason: 'stop' }],
      usage: { prompt_tokens: 11, completion_tokens: 7 },
    },
    operation: 'text_completion',
    has: tokens,
  },
  'completions.create, streamed': {
    live: async (client) => read(await client.completions.create({ model: 'm', prompt: secret, stream: true })),
    script: text([
      { id: 'c', choices: [{ text: 'a', index: 0, finish_reason: null }] },
      {
        id: 'c',
        choices: [{ text: '', index: 0, finish_reason: 'stop' }],
        usage: { prompt_tokens: 11, completion_tokens: 7 },
      },
    ]),
    operation: 'text_completion',
    has: tokens,
  },
  'embeddings.create': {
    live: (client) => client.embeddings.create({ model: 'text-embedding-3-small', input: secret }),
    answer: {
      object: 'list',
      data: [{ embedding: Buffer.from(new Float32Array([1, 2]).buffer).toString('base64'), index: 0 }],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    },
    operation: 'embeddings',
    has: { 'gen_ai.usage.input_tokens': 8 },
  },
  'embeddings.create, as floats': {
    live: (client) => client.embeddings.create({ model: 'm', input: secret, encoding_format: 'float', dimensions: 2 }),
    answer: { data: [{ embedding: [1, 2] }], usage: { prompt_tokens: 8, total_tokens: 8 } },
    operation: 'embeddings',
    has: { 'gen_ai.embeddings.dimension.count': 2 },
  },
  'moderations.create': {
    live: (client) => client.moderations.create({ input: secret }),
    answer: { id: 'modr', model: 'omni-moderation', results: [] },
    operation: 'moderations',
  },
  'images.generate': {
    live: (client) => client.images.generate({ model: 'gpt-image-1', prompt: secret }),
    answer: { created: 1, data: [], usage },
    operation: 'generate_content',
    has: { ...tokens, 'gen_ai.output.type': 'image' },
  },
  'images.edit': {
    live: async (client) => client.images.edit({ model: 'gpt-image-1', image: file(), prompt: secret }),
    answer: { created: 1, data: [], usage },
    operation: 'generate_content',
    has: tokens,
  },
  'images.createVariation': {
    live: async (client) => client.images.createVariation({ image: file() }),
    answer: { created: 1, data: [] },
    operation: 'generate_content',
  },
  'audio.transcriptions.create': {
    live: async (client) => client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: file() }),
    answer: { text: secret, usage: { type: 'tokens', ...usage } },
    operation: 'generate_content',
    has: tokens,
  },
  'audio.transcriptions.create, as text': {
    live: async (client) =>
      client.audio.transcriptions.create({ model: 'whisper-1', file: file(), response_format: 'text' }),
    script: () => new Response(secret, { headers: { 'content-type': 'text/plain' } }),
    operation: 'generate_content',
  },
  'audio.translations.create': {
    live: async (client) => client.audio.translations.create({ model: 'whisper-1', file: file() }),
    answer: { text: secret },
    operation: 'generate_content',
  },
  'audio.speech.create': {
    live: async (client) =>
      (await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: secret })).status,
    script: () => new Response('sound', { headers: { 'content-type': 'audio/mpeg' } }),
    operation: 'generate_content',
    has: { 'gen_ai.output.type': 'speech', 'routescope.ending': 'raw' },
  },
  'decisions.create': {
    live: (client) => client.decisions.create({ model: 'm', input: [], questions: [] }),
    answer: { id: 'd', model: 'm', answers: [], usage },
    operation: 'chat',
    has: tokens,
  },
};

const message = {
  id: 'msg',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5',
  content: [{ type: 'text', text: secret }],
  stop_reason: 'end_turn',
  usage,
};
const asking = { model: 'claude-haiku-4-5', max_tokens: 9, messages: [{ role: 'user', content: secret }] };
const anthropicMethods: Readonly<Record<string, Method>> = {
  'messages.create': {
    live: (client) => client.messages.create(asking),
    answer: message,
    operation: 'chat',
    has: tokens,
  },
  'beta.messages.create': {
    live: (client) => client.beta.messages.create(asking),
    answer: message,
    operation: 'chat',
    has: tokens,
  },
  'beta.promptCaching.messages.create': {
    live: (client) => client.beta.promptCaching.messages.create(asking),
    answer: message,
    operation: 'chat',
    has: tokens,
  },
  'completions.create': {
    live: (client) => client.completions.create({ model: 'claude-2', prompt: secret, max_tokens_to_sample: 9 }),
    answer: { id: 'c', type: 'completion', completion: secret, stop_reason: 'stop_sequence', model: 'claude-2' },
    operation: 'text_completion',
    has: { 'routescope.usage.source': 'missing' },
  },
  'completions.create, streamed': {
    live: async (client) =>
      read(
        await client.completions.create({ model: 'claude-2', prompt: secret, max_tokens_to_sample: 9, stream: true }),
      ),
    script: () =>
      sse(
        [
          { type: 'completion', completion: secret, stop_reason: null, model: 'claude-2' },
          { type: 'completion', completion: '', stop_reason: 'stop_sequence', model: 'claude-2' },
        ],
        { end: '' },
      ),
    operation: 'text_completion',
    has: { 'gen_ai.response.finish_reasons': ['stop_sequence'] },
  },
};

/** What infers nothing, or reports on what was inferred elsewhere. */
const others: Readonly<Record<Dialect['sdk'], Readonly<Record<string, (client: Client) => unknown>>>> = {
  openai: {
    'models.list': (client) => client.models.list(),
    'models.retrieve': (client) => client.models.retrieve('m'),
    'files.list': (client) => client.files.list(),
    'files.create': (client) => client.files.create({ file: file(), purpose: 'batch' }),
    'files.content': async (client) => (await client.files.content('f')).text(),
    'batches.create': (client) => client.batches.create({ input_file_id: 'f' }),
    'batches.retrieve': (client) => client.batches.retrieve('b'),
    'responses.retrieve': (client) => client.responses.retrieve('r'),
    'responses.inputTokens.count': (client) => client.responses.inputTokens.count({ model: 'm', input: 'x' }),
    'conversations.create': (client) => client.conversations.create({}),
    'vectorStores.create': (client) => (client.vectorStores ?? client.beta.vectorStores).create({}),
    'fineTuning.jobs.list': (client) => client.fineTuning.jobs.list(),
    'chat.completions.retrieve': (client) => client.chat.completions.retrieve('c'),
    'chat.completions.list': (client) => client.chat.completions.list(),
  },
  anthropic: {
    'models.list': (client) => client.models.list(),
    'models.retrieve': (client) => client.models.retrieve('m'),
    'messages.countTokens': (client) => client.messages.countTokens(asking),
    'messages.batches.create': (client) => client.messages.batches.create({ requests: [] }),
    'messages.batches.retrieve': (client) => client.messages.batches.retrieve('b'),
    'messages.batches.list': (client) => client.messages.batches.list(),
    'messages.batches.cancel': (client) => client.messages.batches.cancel('b'),
    'beta.messages.countTokens': (client) => client.beta.messages.countTokens(asking),
    'beta.messages.batches.create': (client) => client.beta.messages.batches.create({ requests: [] }),
    'beta.messages.batches.list': (client) => client.beta.messages.batches.list(),
    'beta.files.list': (client) => client.beta.files.list(),
    'beta.models.list': (client) => client.beta.models.list(),
  },
};

/** Whether a version has a method, by its path. */
function lacks(dialect: Dialect, path: string): string | undefined {
  const client = dialect.client(fetch);
  let owner = client;
  for (const name of path.split(',')[0]?.split('.') ?? []) {
    if (owner?.[name] === undefined) {
      const isMoved = path.startsWith('vectorStores') && client.beta?.vectorStores;
      return isMoved ? undefined : `this version has no ${path.split(',')[0]}`;
    }
    owner = owner[name];
  }
  return undefined;
}

export function coverageChecks(dialect: Dialect): Check[] {
  const methods = dialect.sdk === 'openai' ? openaiMethods : anthropicMethods;
  const scriptOf = ({ script, answer }: Method): Script => script ?? (() => json(answer));
  const infers = Object.entries(methods).flatMap(([name, method]): Check[] => [
    {
      group: 'coverage',
      name: `${name} is a span`,
      exempt: () => lacks(dialect, name),
      async run(trial) {
        const { spans } = await trial.same(scriptOf(method), method.live);
        spans.has({ 'gen_ai.operation.name': method.operation, 'routescope.outcome': 'accepted', ...method.has });
        isPrivate(spans);
      },
    },
    {
      group: 'coverage',
      name: `${name} refused is a span`,
      exempt: () => lacks(dialect, name),
      async run(trial) {
        const { spans } = await trial.same(
          () => json(dialect.error(400), 400),
          (client, wire) => outcome(method.live(client, wire)),
        );
        spans.has({ 'gen_ai.operation.name': method.operation, 'routescope.ending': 'failed' });
        isPrivate(spans);
      },
    },
    {
      group: 'coverage',
      name: `${name} is a promise of the SDK`,
      exempt: () =>
        lacks(dialect, name) ?? (name.includes(', streamed') ? 'its stream is read at once here' : undefined),
      async run(trial) {
        await trial.same(scriptOf(method), async (client, wire) => {
          const promise = method.live(client, wire) as Client;
          return [promise.constructor, typeof promise.withResponse, await outcome(promise)];
        });
      },
    },
  ]);
  const left = Object.entries(others[dialect.sdk]).map(
    ([name, live]): Check => ({
      group: 'coverage',
      name: `${name} is left alone`,
      exempt: () => lacks(dialect, name),
      async run(trial) {
        const answer: Script = ({ url }) =>
          json({ data: [], object: 'list', id: 'x', has_more: false, first_id: null, last_id: null, url: url.length });
        const { spans } = await trial.same(answer, async (client) => {
          const promise = live(client) as Client;
          return [promise.constructor, await outcome(async () => JSON.stringify(await promise))];
        });
        spans.none();
      },
    }),
  );
  return [...infers, ...left];
}

/** Nothing of the app's content, nor its key, is anywhere on the spans. */
function isPrivate(spans: Spans): void {
  const all = JSON.stringify(
    spans.all.map(({ name, attributes, events, status, links, resource }) => [
      name,
      attributes,
      events,
      status,
      links,
      resource.attributes,
    ]),
  );
  for (const word of [secret, key, 'SECRET']) assert.ok(!all.includes(word), `${word} is on a span: ${all}`);
}

export function privacyChecks(dialect: Dialect): Check[] {
  const { ask, askStream, sdk } = dialect;
  const saying = JSON.parse(dialect.whole);
  if (sdk === 'openai') saying.choices[0].message.content = secret;
  else saying.content = [{ type: 'text', text: secret }];
  const tool =
    sdk === 'openai'
      ? { type: 'function', function: { name: `tool_${secret}`, description: secret, parameters: { title: secret } } }
      : { name: `tool_${secret}`, description: secret, input_schema: { type: 'object', title: secret } };
  const calling = JSON.parse(dialect.whole);
  if (sdk === 'openai')
    calling.choices[0].message.tool_calls = [
      { id: 'c', type: 'function', function: { name: 'f', arguments: `{"a":"${secret}"}` } },
    ];
  else calling.content = [{ type: 'tool_use', id: 't', name: 'f', input: { a: secret } }];
  const answer: Script = (asked) => (isStreamed(asked) ? dialect.stream() : json(saying));
  const cases: Readonly<Record<string, readonly [Script, Scenario]>> = {
    'messages and answer': [answer, (client) => ask(client)],
    'a stream': [answer, async (client) => read(await askStream(client))],
    'a system prompt': [
      answer,
      (client) =>
        ask(client, sdk === 'openai' ? { messages: [{ role: 'system', content: secret }] } : { system: secret }),
    ],
    'tools and their descriptions': [answer, (client) => ask(client, { tools: [tool] })],
    'tool calls and their arguments': [() => json(calling), (client) => ask(client)],
    'images and files': [
      answer,
      (client) =>
        ask(client, {
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: secret },
                { type: 'image_url', image_url: { url: `data:${secret}` } },
              ],
            },
          ],
        }),
    ],
    'the user’s id and metadata': [answer, (client) => ask(client, { user: secret, metadata: { user_id: secret } })],
    'a prediction, a cache key, a schema': [
      answer,
      (client) =>
        ask(client, {
          prediction: { type: 'content', content: secret },
          prompt_cache_key: secret,
          response_format: { type: 'json_schema', json_schema: { name: secret, schema: { title: secret } } },
        }),
    ],
    'headers of the request': [
      answer,
      (client) => ask(client, {}, { headers: { authorization: secret, 'x-user': secret } }),
    ],
    'query of the request': [answer, (client) => ask(client, {}, { query: { token: secret } })],
    'the base URL’s credentials': [answer, (client) => outcome(ask(client))],
    'a provider’s error message': [() => json(dialect.error(400), 400), (client) => outcome(ask(client))],
    'an error whose code is a sentence': [
      () => json({ error: { message: secret, code: `${secret} is not allowed here`, type: `${secret} too` } }, 400),
      (client) => outcome(ask(client)),
    ],
    'an HTML error page': [
      () => new Response(`<html>${secret}</html>`, { status: 502 }),
      (client) => outcome(ask(client)),
    ],
    'an error of the network': [() => Promise.reject(new Error(`connect ${secret}`)), (client) => outcome(ask(client))],
    'an error event in a stream': [
      () => sse([dialect.events[0], { type: 'error', error: { type: 'invalid', message: secret } }]),
      async (client) => outcome(async () => read(await askStream(client))),
    ],
    'an answer that is no JSON': [() => json(`{"x": ${secret}`), (client) => outcome(ask(client))],
    'a helper’s stream': [answer, (client) => helperStream(dialect, client).done()],
    'a refusal by the model': [
      () =>
        json(
          sdk === 'openai'
            ? {
                ...saying,
                choices: [
                  { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: null, refusal: secret } },
                ],
              }
            : { ...saying, stop_reason: 'refusal', stop_details: { explanation: secret } },
        ),
      (client) => ask(client),
    ],
  };
  return Object.entries(cases).map(([name, [script, live]]) => ({
    group: 'privacy with content off',
    name: `${name}: nothing of it is on the span`,
    async run(trial) {
      const setting = name.includes('credentials')
        ? { options: { baseURL: `https://user:${secret}@llm.example/v1` } }
        : {};
      const { spans } = await trial.same(script, live, setting);
      assert.equal(spans.all.length, 1);
      isPrivate(spans);
    },
  }));
}
