/** What is sent: every byte as the app asked for it, but for the documented `include_usage`; arguments stay as they are. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, outcome, type Scenario } from '../trial.ts';
import { isStreamed, json, type Script, sse, type Wire } from '../wire.ts';
import { read } from './promise.ts';

export function requestChecks(dialect: Dialect): Check[] {
  const { ask, askStream, body, sdk } = dialect;
  const answer: Script = (asked) => (isStreamed(asked) ? dialect.stream() : json(dialect.whole));
  const check = (name: string, scenario: Scenario, options?: Record<string, unknown>): Check => ({
    group: 'wire and arguments',
    name,
    run: async (trial) => void (await trial.same(answer, scenario, options ? { options } : {})),
  });
  const withOptions =
    (options: Record<string, unknown>): Scenario =>
    (client) =>
      outcome(ask(client, {}, options));
  const checks = [
    check('a whole answer is asked for with the same bytes', (client) => ask(client)),
    check('a stream is asked for with the same bytes', async (client) => read(await askStream(client))),
    check('headers of the request', withOptions({ headers: { 'x-app': 'yes' } })),
    check('query of the request', withOptions({ query: { region: 'eu' } })),
    check('time-out of the request', withOptions({ timeout: 30_000 })),
    check('retries of the request', withOptions({ maxRetries: 3 })),
    check('options that are null', (client) => outcome(ask(client, {}, null))),
    check('options that are empty', withOptions({})),
    check('options nobody knows', withOptions({ somethingNew: 1 })),
    check('options that are frozen', withOptions(Object.freeze({ headers: { a: 'b' } }) as Record<string, unknown>)),
    check('options without a prototype', withOptions(Object.assign(Object.create(null), { headers: { a: 'b' } }))),
    check('options of a class of the app', (client) => {
      class Options {
        headers = { 'x-app': 'class' };
      }
      return outcome(ask(client, {}, new Options()));
    }),
    check('options are not changed', async (client) => {
      const options = { headers: { 'x-app': 'yes' }, timeout: 30_000 };
      await outcome(ask(client, {}, options));
      return [options, Object.getOwnPropertySymbols(options), Reflect.ownKeys(options.headers)];
    }),
    check('a body that is frozen', (client) => outcome(ask(client, Object.freeze({ stop: undefined })))),
    check('a body that is deeply frozen', (client) => {
      const frozen = Object.freeze({ ...body, messages: Object.freeze(body['messages']) });
      return outcome(sdk === 'openai' ? client.chat.completions.create(frozen) : client.messages.create(frozen));
    }),
    check('a body is not changed', async (client) => {
      const own = { ...body, stream: true };
      await read(await (sdk === 'openai' ? client.chat.completions.create(own) : client.messages.create(own)));
      return [own, Reflect.ownKeys(own)];
    }),
    check('a body with undefined in it', (client) => outcome(ask(client, { top_p: undefined, metadata: undefined }))),
    check('a body with null in it', (client) => outcome(ask(client, { top_p: null, metadata: null }))),
    check('a body with fields nobody knows', (client) => outcome(ask(client, { something_new: { deep: [1, 2] } }))),
    check('a body with a symbol in it', (client) => outcome(ask(client, { [Symbol('mine')]: 1 }))),
    check('a body with an accessor', (client) => {
      const own = { ...body };
      Object.defineProperty(own, 'temperature', { enumerable: true, get: () => 0.5 });
      return outcome(sdk === 'openai' ? client.chat.completions.create(own) : client.messages.create(own));
    }),
    check('a body with toJSON()', (client) => {
      const own = { ...body, toJSON: () => ({ ...body, from: 'toJSON' }) };
      return outcome(sdk === 'openai' ? client.chat.completions.create(own) : client.messages.create(own));
    }),
    check('a body of a class of the app', (client) => {
      class Request {
        constructor() {
          Object.assign(this, body);
        }
      }
      const own = new Request();
      return outcome(sdk === 'openai' ? client.chat.completions.create(own) : client.messages.create(own));
    }),
    check('a body changed right after the call', async (client) => {
      const own = { ...body };
      const asked = outcome(sdk === 'openai' ? client.chat.completions.create(own) : client.messages.create(own));
      own['model'] = 'changed';
      return await asked;
    }),
    check('one body for two requests', async (client) => {
      const own = { ...body };
      const create = (): Promise<unknown> =>
        sdk === 'openai' ? client.chat.completions.create(own) : client.messages.create(own);
      return [await outcome(create), await outcome(create)];
    }),
    check('letters of every script', (client) =>
      outcome(ask(client, { messages: [{ role: 'user', content: 'Grüße, 世界 🎉 \u2028' }] })),
    ),
    check('a body of 200 kB', (client) =>
      outcome(ask(client, { messages: [{ role: 'user', content: 'long '.repeat(40_000) }] })),
    ),
    check('default headers and query of the client', (client) => outcome(ask(client)), {
      defaultHeaders: { 'x-team': 'search' },
      defaultQuery: { v: '2' },
    }),
    check('another base URL', (client) => outcome(ask(client)), { baseURL: 'https://other.example/api/v9' }),
    check('which attempt it is', (client) => outcome(ask(client)), { maxRetries: 2 }),
    check('a third argument', async (client) =>
      outcome(
        sdk === 'openai'
          ? client.chat.completions.create({ ...body }, undefined, 'third')
          : client.messages.create({ ...body }, undefined, 'third'),
      ),
    ),
  ];
  return [...checks, ...usageChecks(dialect)];
}

/** The one documented difference. */
function usageChecks(dialect: Dialect): Check[] {
  const group = 'wire and arguments';
  const only = (): string | undefined =>
    dialect.sdk === 'openai' ? undefined : 'Anthropic’s streams say their usage unasked; nothing is added to a request';
  const { events } = dialect;
  const usage = { prompt_tokens: 16, completion_tokens: 300, total_tokens: 316 };
  /** A provider that says its usage to those who ask. */
  const provider: Script = ({ body }) => {
    const spoken = events.filter((event) => event.choices?.length > 0);
    if (!JSON.parse(body).stream_options?.include_usage) return sse(spoken.map(({ usage: _, ...event }) => event));
    return sse([...spoken.map((event) => ({ ...event, usage: null })), { ...spoken[0], choices: [], usage }]);
  };
  const options = { baseURL: 'https://api.openai.com/v1' };
  const streaming: Scenario = async (client) => read(await dialect.askStream(client));
  const asked = (wire: Wire): unknown[] => wire.asked.map(({ body }) => JSON.parse(body).stream_options);
  const check = (name: string, run: Check['run']): Check => ({ group, name, exempt: only, run });
  return [
    check('OpenAI itself is asked for usage, and the app sees the chunks it would have seen', async (trial) => {
      const { spans } = await trial.same(provider, streaming, { options, wire: () => 'differs as documented' });
      spans.has({
        'gen_ai.usage.input_tokens': 16,
        'gen_ai.usage.output_tokens': 300,
        'routescope.usage.source': 'provider',
      });
    }),
    check('of the body nothing but include_usage differs', async (trial) => {
      await trial.same(provider, streaming, {
        options,
        wire: ({ asked: requests }) =>
          requests.map(({ body, headers, ...rest }) => {
            const { stream_options: _, ...sent } = JSON.parse(body);
            return { ...rest, sent, headers: { ...headers, 'content-length': undefined } };
          }),
      });
    }),
    check('OpenAI of a region is asked too', async (trial) => {
      const sent: unknown[] = [];
      for (const region of ['eu', 'us', 'jp'])
        await trial.observed(
          provider,
          async (client, wire) => {
            await streaming(client, wire);
            sent.push(...asked(wire));
          },
          { options: { baseURL: `https://${region}.api.openai.com/v1` } },
        );
      assert.deepEqual(sent, Array(3).fill({ include_usage: true }));
    }),
    check('an app that asked for usage gets it', async (trial) => {
      const scenario: Scenario = async (client) =>
        read(await dialect.askStream(client, { stream_options: { include_usage: true } }));
      const { seen } = await trial.same(provider, scenario, { options });
      assert.deepEqual((seen as { usage: unknown }[]).at(-1)?.usage, usage);
    }),
    check('an app that wants no usage is obeyed', async (trial) => {
      const scenario: Scenario = async (client) =>
        read(await dialect.askStream(client, { stream_options: { include_usage: false } }));
      const { spans } = await trial.same(provider, scenario, { options });
      spans.has({ 'routescope.usage.source': 'missing' });
    }),
    check('other stream options stay', async (trial) => {
      let sent: unknown;
      const scenario: Scenario = async (client, wire) => {
        await read(await dialect.askStream(client, { stream_options: { include_obfuscation: false } }));
        sent = asked(wire)[0];
      };
      await trial.observed(provider, scenario, { options });
      assert.deepEqual(sent, { include_obfuscation: false, include_usage: true });
    }),
    check('includeUsage: false leaves the request alone', async (trial) => {
      await trial.same(provider, streaming, { options, observe: { includeUsage: false } });
    }),
    check('includeUsage: true asks any host', async (trial) => {
      let sent: unknown;
      await trial.observed(
        provider,
        async (client, wire) => {
          await streaming(client, wire);
          sent = asked(wire)[0];
        },
        { observe: { includeUsage: true } },
      );
      assert.deepEqual(sent, { include_usage: true });
    }),
    check('a whole answer is never asked for more', async (trial) => {
      await trial.same(
        () => json(dialect.whole),
        (client) => dialect.ask(client),
        { options },
      );
    }),
    check('tee() and bytes hide the extra chunk too', async (trial) => {
      const scenario: Scenario = async (client) => {
        const [left, right] = (await dialect.askStream(client)).tee();
        return [await read(left), await new Response(right.toReadableStream()).text()];
      };
      await trial.same(provider, scenario, { options, wire: () => 'differs as documented' });
    }),
  ];
}
