/** What is a cloud's own: how it is asked, who it is on the span, what it calls a model, and what that costs there. */
import assert from 'node:assert/strict';
import { observe } from '@routescope/sdk';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome, type Scenario } from '../trial.ts';
import { fromSdks } from '../versions.ts';
import { json, type Script, sse, type Wire } from '../wire.ts';
import { read } from './promise.ts';

interface Case {
  /** Why it cannot be tried. */
  readonly exempt?: string | undefined;
  readonly live?: Scenario;
  /** Options of the cloud's constructor, beside where and who. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly script?: Script;
  readonly has: Readonly<Record<string, unknown>>;
}

const asks = (model: string) => ({ model }) as const;

export function cloudChecks(dialect: Dialect): Check[] {
  const { version, ask, askStream, host, provider } = dialect;
  const answered = JSON.parse(dialect.whole).model as string;
  const named = (model: string, usd: number, options?: Case['options']): Case => ({
    live: (client) => ask(client, asks(model)),
    ...(options && { options }),
    has: {
      'gen_ai.request.model': model,
      'gen_ai.response.model': answered,
      'routescope.cost.status': 'priced',
      'routescope.cost.total': usd,
    },
  });
  const streamed = (model: string, usd: number): Case => ({
    ...named(model, usd),
    live: async (client) => read(await askStream(client, asks(model))),
    script: () => dialect.stream(),
    has: { 'gen_ai.usage.output_tokens': dialect.tokens.stream[1], 'routescope.cost.total': usd },
  });
  // Of the recorded answers: 1,151 tokens in and 87 out of Haiku 4.5, 12 and 30 of Sonnet 4.5; 16 and 363 of GPT-4.1 nano.
  const cases: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
    azure: {
      'a deployment has the price of the model in it': named('my-deployment', 0.0001468),
      'a deployment of the client': named('anything', 0.0001468, { deployment: 'cheap' }),
      'a token provider instead of a key': {
        options: { apiKey: undefined, azureADTokenProvider: async () => 'token-1' },
        has: {},
      },
      'version and deployment stay': {
        options: { deployment: 'cheap' },
        live: async (client) => {
          await ask(client);
          return [client.apiVersion, client.deploymentName];
        },
        has: {},
      },
      'a first chunk of filters, without model and choices': {
        script: () =>
          sse([
            { id: '', model: '', object: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
            ...dialect.events,
          ]),
        live: async (client) => read(await askStream(client)),
        has: { 'gen_ai.response.model': answered, 'gen_ai.usage.output_tokens': 300 },
      },
    },
    bedrock: {
      'a model of all regions': named('global.anthropic.claude-haiku-4-5-20251001-v1:0', 0.001586),
      'a model of some regions': named('eu.anthropic.claude-haiku-4-5-20251001-v1:0', 0.0017446),
      'a model of this region': named('anthropic.claude-haiku-4-5-20251001-v1:0', 0.0017446),
      'a model by its ARN': named(
        'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0',
        0.001586,
      ),
      'an inference profile of the app': named(
        'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123',
        0.0017446,
      ),
      // (12 × 3 + 30 × 15) × 1.1
      'a stream in AWS’s frames': streamed('eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 0.0005346),
      'a frame that is an exception': {
        script: () =>
          sse([
            dialect.events[0],
            { type: 'error', error: { type: 'throttlingException', message: 'too many requests' } },
          ]),
        live: (client) => outcome(async () => read(await askStream(client))),
        has: {
          'routescope.ending': 'failed_midway',
          // The older one shows the exception itself.
          'error.type': dialect.passesPings ? 'ThrottlingException' : 'throttlingException',
        },
      },
      'requests signed with AWS keys': {
        options: { apiKey: null, awsAccessKey: 'AKIDEXAMPLE', awsSecretKey: 'secret-1', awsSessionToken: 'session-1' },
        has: {},
      },
    },
    vertex: {
      // In a region a tenth more than everywhere.
      'a version after an @': named('claude-haiku-4-5@20251001', 0.0017446),
      'the global endpoint': {
        exempt: dialect.number < 50 ? 'this version asks for a region' : undefined,
        ...named('claude-haiku-4-5@20251001', 0.001586, { region: 'global' }),
      },
      'an endpoint of several regions': named('claude-haiku-4-5', 0.0017446, { region: 'eu' }),
      'a stream': streamed('claude-sonnet-4-5@20250929', 0.0005346),
    },
    foundry: {
      'a deployment has the price of the model in it': named('our-haiku', 0.001586),
      'a token provider instead of a key': {
        options: { apiKey: undefined, azureADTokenProvider: async () => 'token-1' },
        has: {},
      },
      'the resource stays': {
        live: async (client) => {
          await ask(client);
          return [client.resource, client.baseURL];
        },
        has: {},
      },
    },
  };
  const own = Object.entries(cases[version.cloud ?? ''] ?? {}).map(
    ([
      name,
      { live = (client: Client) => ask(client), options, script = () => json(dialect.whole), has, exempt },
    ]): Check => ({
      group: 'clouds',
      name,
      exempt: () => exempt,
      async run(trial) {
        const { spans } = await trial.same(script, live, options ? { options } : {});
        spans.has({ 'gen_ai.provider.name': provider, ...has });
        const isElsewhere = options && 'region' in options;
        if (!isElsewhere) spans.has({ 'server.address': host });
      },
    }),
  );
  return [
    ...own,
    ...(version.cloud === 'vertex' ? [credentials(dialect)] : []),
    ...(version.name === 'openai@7' ? runtimeChecks(dialect) : []),
  ];
}

/** Google's library finds them by itself, asking over the network where it must: for both clients once. */
const credentials = (dialect: Dialect): Check => ({
  group: 'clouds',
  name: 'credentials are looked for once',
  async run() {
    const found = { getClient: async () => ({}) };
    const { authClient: _, googleAuth: __, ...options } = dialect.options(fetch);
    const client = new dialect.lib.default({ ...options, googleAuth: found });
    // As if it had been made without.
    client._options = Object.fromEntries(Object.entries(client._options).filter(([name]) => name !== 'googleAuth'));
    assert.equal(observe(client as Client)._auth, found);
  },
});

/** openai 7 has one class, and runtimes that point it at a cloud. */
function runtimeChecks(dialect: Dialect): Check[] {
  const { lib } = dialect;
  const answer = {
    id: 'r',
    object: 'response',
    status: 'completed',
    output: [],
    usage: { input_tokens: 11, output_tokens: 7 },
  };
  const runtimes: Readonly<Record<string, { readonly provider: string; readonly options: object }>> = {
    bedrock: { provider: 'aws.bedrock', options: { apiKey: 'key-1', baseURL: 'https://gateway.example/bedrock/v1' } },
    vertex: {
      provider: 'gcp.vertex_ai',
      options: { tokenProvider: () => 'token-1', project: 'project-1', location: 'us-east5' },
    },
  };
  return Object.entries(runtimes).map(([name, { provider, options }]) => ({
    group: 'clouds',
    name: `openai/providers/${name}`,
    async run(trial) {
      const runtime = fromSdks(`openai-7/providers/${name}`)[name];
      const make = (fetch: Wire['fetch']): Client =>
        new lib.default({ provider: runtime(options), maxRetries: 0, fetch });
      const { spans } = await trial.same(
        () => json(answer),
        (client) => outcome(() => client.responses.create({ model: 'm', input: 'x' })),
        { make },
      );
      spans.has({ 'gen_ai.provider.name': provider, 'routescope.ending': 'complete', 'gen_ai.usage.input_tokens': 11 });
    },
  }));
}
