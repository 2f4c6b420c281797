/** Every method that infers, with an answer and what its span says; and those that do not infer. */
import { type Dialect, secret } from '../dialect.ts';
import type { Client, Scenario } from '../trial.ts';
import { type Script, sse } from '../wire.ts';
import { read } from './promise.ts';

export interface Method {
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
    live: (client) => client.messages.create({ ...asking }),
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
export const others: Readonly<Record<Dialect['sdk'], Readonly<Record<string, (client: Client) => unknown>>>> = {
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

export const methods: Readonly<Record<Dialect['sdk'], Readonly<Record<string, Method>>>> = {
  openai: openaiMethods,
  anthropic: anthropicMethods,
};
