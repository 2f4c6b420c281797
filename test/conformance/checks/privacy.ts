/** With content off nothing that somebody said is on a span, on whatever path it came. */
import assert from 'node:assert/strict';
import { type Dialect, key, secret } from '../dialect.ts';
import { type Check, outcome, type Scenario, type Spans } from '../trial.ts';
import { isStreamed, json, type Script, sse } from '../wire.ts';
import { helperStream } from './errors.ts';
import { read } from './promise.ts';

/** Nothing of the app's content, nor its key, is anywhere on the spans. */
export function isPrivate(spans: Spans): void {
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
    'a finish reason, a tier and an id that are sentences': [
      () => {
        const said = `${secret}\nsaid so`;
        const reason = sdk === 'openai' ? { choices: [{ ...saying.choices[0], finish_reason: said }] } : {};
        const usage = sdk === 'openai' ? saying.usage : { ...saying.usage, service_tier: said, inference_geo: said };
        return json({ ...saying, id: said, model: said, stop_reason: said, service_tier: said, ...reason, usage });
      },
      (client) => ask(client),
    ],
    'an error of a class that is a sentence': [
      () => {
        const failed = new Error('x');
        Object.defineProperty(failed, 'constructor', { value: { name: `${secret} failed` } });
        return new Response(new ReadableStream({ start: (controller) => controller.error(failed) }), {
          headers: { 'content-type': 'application/json' },
        });
      },
      (client) => outcome(ask(client)),
    ],
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
