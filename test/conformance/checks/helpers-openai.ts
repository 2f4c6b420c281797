/** OpenAI's helpers beside `stream()`: parsed answers, responses, tool loops. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome } from '../trial.ts';
import { json, type Script, sse } from '../wire.ts';
import { type Exempt, make, schema, steps } from './helper-check.ts';
import { read } from './promise.ts';

export function openaiHelpers(dialect: Dialect): Check[] {
  const { number, body } = dialect;
  const home = (client: Client): Client => (number < 5000 ? client.beta.chat.completions : client.chat.completions);
  const saying = (message: object, finish = 'stop'): Script => {
    const answer = JSON.parse(dialect.whole);
    answer.choices = [
      { ...answer.choices[0], message: { role: 'assistant', refusal: null, ...message }, finish_reason: finish },
    ];
    return () => json(answer);
  };
  const format = { response_format: { type: 'json_schema', json_schema: { name: 'a', strict: true, schema } } };
  const parsing = {
    ...body,
    response_format: Object.defineProperties(
      { ...format.response_format },
      {
        $brand: { value: 'auto-parseable-response-format', enumerable: false },
        $parseRaw: { value: (text: string) => JSON.parse(text), enumerable: false },
      },
    ),
  };
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } };
  let turn = 0;
  const loop: Script = ({ body: asked }) => {
    const answered = JSON.parse(asked).messages.some(({ role }: { role: string }) => role === 'tool');
    turn++;
    return (
      answered ? saying({ content: 'Sunny in Bern.' }) : saying({ content: null, tool_calls: [call] }, 'tool_calls')
    )({ body: asked } as never, turn, undefined);
  };
  const delta = (delta: object, finish: string | null = null): object => ({
    ...dialect.events[0],
    choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
  });
  const streamLoop: Script = ({ body: asked }) => {
    const answered = JSON.parse(asked).messages.some(({ role }: { role: string }) => role === 'tool');
    const end = dialect.events.at(-1);
    return answered
      ? sse([delta({ role: 'assistant', content: 'Sunny' }), delta({}, 'stop'), end])
      : sse([
          delta({ role: 'assistant', content: null, tool_calls: [{ index: 0, ...call }] }),
          delta({}, 'tool_calls'),
          end,
        ]);
  };
  const tools = (run: (args: { city: string }) => unknown): object => ({
    ...body,
    tools: [
      {
        type: 'function',
        function: { name: 'weather', parse: JSON.parse, function: run, parameters: schema, description: 'w' },
      },
    ],
  });
  const noResponses: Exempt = () => (number < 4087 ? 'this version has no responses' : undefined);
  const response = {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status: 'completed',
    model: 'gpt-4.1-nano-2025-04-14',
    output: [
      {
        id: 'm',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: '{"answer":"yes"}', annotations: [] }],
      },
    ],
    usage: {
      input_tokens: 5,
      output_tokens: 7,
      total_tokens: 12,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
  };
  const inBackground = { model: 'm', input: 'x', background: true };
  const responseEvents = [
    {
      type: 'response.created',
      sequence_number: 0,
      response: { ...response, status: 'in_progress', output: [], usage: null },
    },
    {
      type: 'response.output_item.added',
      sequence_number: 1,
      output_index: 0,
      item: { ...response.output[0], status: 'in_progress', content: [] },
    },
    {
      type: 'response.content_part.added',
      sequence_number: 2,
      item_id: 'm',
      output_index: 0,
      content_index: 0,
      part: { type: 'output_text', text: '', annotations: [] },
    },
    {
      type: 'response.output_text.delta',
      sequence_number: 3,
      item_id: 'm',
      output_index: 0,
      content_index: 0,
      delta: '{"answer":"yes"}',
    },
    { type: 'response.completed', sequence_number: 4, response },
  ];
  return [
    make('parse(): the parsed answer', saying({ content: '{"answer":"yes"}' }), (client) =>
      home(client).parse(parsing),
    ),
    make('parse(): withResponse()', saying({ content: '{"answer":"yes"}' }), async (client) => {
      const { data, response: raw } = await home(client).parse(parsing).withResponse();
      return [data, raw.status];
    }),
    make(
      'parse(): asResponse()',
      saying({ content: '{"answer":"yes"}' }),
      async (client) => (await home(client).parse(parsing).asResponse()).text(),
      {
        spans: (spans) => spans.has({ 'routescope.ending': 'raw' }),
      },
    ),
    make('parse(): a length that was too short', saying({ content: '{"answ' }, 'length'), (client) =>
      outcome(home(client).parse(parsing)),
    ),
    make('parse(): a content filter', saying({ content: '{"answ' }, 'content_filter'), (client) =>
      outcome(home(client).parse(parsing)),
    ),
    make('parse(): JSON that is none', saying({ content: 'nonsense' }), (client) =>
      outcome(home(client).parse(parsing)),
    ),
    make('parse(): a refusal by the model', saying({ content: null, refusal: 'I will not' }), (client) =>
      outcome(home(client).parse(parsing)),
    ),
    make(
      'parse(): an HTTP error',
      () => json(dialect.error(400), 400),
      (client) => outcome(home(client).parse(parsing)),
      {
        spans: (spans) => spans.has({ 'routescope.ending': 'failed' }),
      },
    ),
    make(
      'runTools(): every turn is an inference with its step',
      loop,
      async (client) => {
        const runner = home(client).runTools(tools(({ city }) => `sun in ${city}`));
        return [await runner.finalContent(), runner.messages];
      },
      { spans: steps(2) },
    ),
    make(
      'runTools(): the final function call',
      loop,
      async (client) => {
        const runner = home(client).runTools(tools(() => 'sun'));
        await runner.done();
        return (await runner.finalFunctionToolCall?.()) ?? (await runner.finalFunctionCall?.());
      },
      { spans: steps(2) },
    ),
    make(
      'runTools(): a tool that throws',
      loop,
      (client) =>
        outcome(
          home(client)
            .runTools(
              tools(() => {
                throw new RangeError('of the tool');
              }),
            )
            .done(),
        ),
      { spans: (spans) => assert.ok(spans.all.length >= 1) },
    ),
    make(
      'runTools(): streamed',
      streamLoop,
      async (client) =>
        home(client)
          .runTools({ ...tools(() => 'sun'), stream: true })
          .finalContent(),
      { spans: steps(2) },
    ),
    make(
      'runTools(): an inference that a tool makes is no step',
      loop,
      async (client) => {
        const runner = home(client).runTools(
          tools(async () => (await dialect.ask(client, { messages: [{ role: 'tool' }] })).id),
        );
        return await runner.finalContent();
      },
      {
        spans(spans) {
          assert.deepEqual(
            spans.all.map(({ attributes }) => attributes['routescope.attempt.step']),
            [1, undefined, 2],
          );
        },
      },
    ),
    make(
      'runTools(): two loops at once count for themselves',
      loop,
      async (client) =>
        await Promise.all(
          [1, 2].map(() =>
            home(client)
              .runTools(tools(() => 'sun'))
              .finalContent(),
          ),
        ),
      {
        spans(spans) {
          assert.deepEqual(
            spans.all.map(({ attributes }) => attributes['routescope.attempt.step']).sort(),
            [1, 1, 2, 2],
          );
        },
      },
    ),
    make(
      'responses.create()',
      () => json(response),
      (client) => client.responses.create({ model: 'gpt-4.1-nano', input: 'x' }),
      { exempt: noResponses },
    ),
    make(
      'responses.create(): output_text',
      () => json(response),
      async (client) => (await client.responses.create({ model: 'm', input: 'x' })).output_text,
      { exempt: noResponses },
    ),
    make(
      'responses.create(): streamed',
      () => sse(responseEvents),
      async (client) => read(await client.responses.create({ model: 'm', input: 'x', stream: true })),
      { exempt: noResponses },
    ),
    make(
      'responses.create() in the background, and retrieve()',
      (_, number) => json(number < 2 ? { ...response, status: 'queued', output: [], usage: null } : response),
      async (client) => {
        const { id } = await client.responses.create(inBackground);
        const looks = [client.responses.retrieve(id), client.responses.retrieve(id)];
        return [looks[0].constructor, (await looks[0]).status, (await looks[1].withResponse()).data.output_text];
      },
      { exempt: noResponses },
    ),
    make(
      'responses.create() in the background, and a stream of it',
      (_, number) => (number === 0 ? json({ ...response, status: 'queued', usage: null }) : sse(responseEvents)),
      async (client) => {
        const { id } = await client.responses.create(inBackground);
        return read(await client.responses.retrieve(id, { stream: true, starting_after: 0 }));
      },
      { exempt: noResponses },
    ),
    make(
      'responses.stream() of one in the background',
      (_, number) => (number === 0 ? json({ ...response, status: 'queued', usage: null }) : sse(responseEvents)),
      async (client) => {
        const { id } = await client.responses.create(inBackground);
        return client.responses.stream({ response_id: id }).finalResponse();
      },
      { exempt: () => (number < 5000 ? 'this version streams only what it asks for' : undefined) },
    ),
    make(
      'responses.parse()',
      () => json(response),
      (client) =>
        client.responses.parse({
          model: 'm',
          input: 'x',
          text: { format: { type: 'json_schema', name: 'a', schema } },
        }),
      { exempt: noResponses },
    ),
    make(
      'responses.parse(): withResponse()',
      () => json(response),
      async (client) => (await client.responses.parse({ model: 'm', input: 'x' }).withResponse()).data,
      { exempt: noResponses },
    ),
    make(
      'responses.stream(): the final response',
      () => sse(responseEvents),
      (client) => client.responses.stream({ model: 'm', input: 'x' }).finalResponse(),
      { exempt: noResponses },
    ),
    make(
      'responses.stream(): for await',
      () => sse(responseEvents),
      (client) => read(client.responses.stream({ model: 'm', input: 'x' })),
      { exempt: noResponses },
    ),
  ];
}
