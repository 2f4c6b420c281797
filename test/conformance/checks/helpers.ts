/** The SDKs' own helpers, which make inferences through the methods that are watched. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, hasAttributes, outcome, type Scenario, type Spans } from '../trial.ts';
import { json, type Script, sse } from '../wire.ts';
import { helperStream } from './errors.ts';
import { read } from './promise.ts';

type Exempt = Check['exempt'];
type Make = (
  name: string,
  script: Script,
  scenario: Scenario,
  more?: { spans?: (spans: Spans) => void; exempt?: Exempt },
) => Check;

const one = (spans: Spans): void =>
  spans.has({ 'routescope.ending': 'complete', 'routescope.usage.source': 'provider' });
const steps = (count: number) => (spans: Spans) => {
  assert.equal(spans.all.length, count);
  for (const [index, span] of spans.all.entries()) hasAttributes(span, { 'routescope.attempt.step': index + 1 });
};

export function helperChecks(dialect: Dialect): Check[] {
  const make: Make = (name, script, scenario, { spans = one, exempt } = {}) => ({
    group: 'helpers',
    name,
    exempt,
    run: async (trial) => spans((await trial.same(script, scenario)).spans),
  });
  return [
    ...streamHelpers(dialect, make),
    ...(dialect.sdk === 'openai' ? openaiHelpers : anthropicHelpers)(dialect, make),
  ];
}

/** `stream()`, which both SDKs have in every version. */
function streamHelpers(dialect: Dialect, make: Make): Check[] {
  const events = dialect.sdk === 'openai' ? [...dialect.events] : dialect.events;
  const script: Script = () => (dialect.sdk === 'openai' ? sse(events) : dialect.stream());
  const final = dialect.sdk === 'openai' ? 'finalChatCompletion' : 'finalMessage';
  const text = dialect.sdk === 'openai' ? 'finalContent' : 'finalText';
  const said = dialect.sdk === 'openai' ? 'content' : 'text';
  const begin = (client: Client): Client => helperStream(dialect, client);
  return [
    make('stream(): the final answer', script, (client) => begin(client)[final]()),
    make('stream(): the final text', script, (client) => begin(client)[text]()),
    make('stream(): done()', script, (client) => begin(client).done()),
    make('stream(): on() hears every piece', script, async (client) => {
      const pieces: unknown[] = [];
      const stream = begin(client);
      stream.on(said, (piece: unknown) => pieces.push(piece));
      await stream.done();
      return pieces;
    }),
    make('stream(): emitted() waits for an event', script, async (client) => {
      const stream = begin(client);
      await stream.emitted('connect');
      await stream.done();
      return stream.ended;
    }),
    make('stream(): for await', script, (client) => read(begin(client))),
    make('stream(): events come in the same order', script, async (client) => {
      const order: string[] = [];
      const stream = begin(client);
      for (const event of ['connect', said, 'end', 'error', 'abort']) stream.once(event, () => order.push(event));
      await stream.done();
      return order;
    }),
    make('stream(): is of the SDK’s class', script, async (client) => {
      const stream = begin(client);
      const seen = [stream.constructor, typeof stream.controller?.abort];
      await stream.done();
      return seen;
    }),
    make('stream(): toReadableStream()', script, async (client) =>
      new Response(begin(client).toReadableStream()).text(),
    ),
    make(
      'stream(): a break ends it',
      script,
      async (client) => {
        for await (const chunk of begin(client)) return chunk;
        return undefined;
      },
      { spans: (spans) => assert.equal(spans.all.length, 1) },
    ),
    make(
      'stream(): a refusal is an error',
      () => json(dialect.error(400), 400),
      (client) => outcome(begin(client).done()),
      {
        spans: (spans) => spans.has({ 'routescope.ending': 'failed' }),
      },
    ),
    make(
      'stream(): an error is heard by on()',
      () => json(dialect.error(400), 400),
      async (client) => {
        const heard: unknown[] = [];
        const stream = begin(client);
        stream.on('error', (error: object) => heard.push(error.constructor));
        await outcome(stream.done());
        return heard;
      },
      { spans: (spans) => assert.equal(spans.all.length, 1) },
    ),
  ];
}

const schema = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
  additionalProperties: false,
};

function openaiHelpers(dialect: Dialect, make: Make): Check[] {
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

function anthropicHelpers(dialect: Dialect, make: Make): Check[] {
  const { number, body, events } = dialect;
  const answer = JSON.parse(dialect.whole);
  const saying = (content: object[], stop: string): object => ({ ...answer, content, stop_reason: stop });
  const loop: Script = ({ body: asked }) =>
    JSON.stringify(JSON.parse(asked).messages).includes('tool_result')
      ? json(saying([{ type: 'text', text: 'Sunny.' }], 'end_turn'))
      : json(saying([{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bern' } }], 'tool_use'));
  const streamed = (message: { content: object[]; stop_reason: string }): object[] => [
    {
      type: 'message_start',
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 5, output_tokens: 1 },
      },
    },
    ...message.content.flatMap((block, index) => [
      {
        type: 'content_block_start',
        index,
        content_block: { ...block, ...('input' in block ? { input: {} } : { text: '' }) },
      },
      {
        type: 'content_block_delta',
        index,
        delta:
          'input' in block
            ? { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
            : { type: 'text_delta', text: 'Sunny.' },
      },
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: { output_tokens: 9 },
    },
    { type: 'message_stop' },
  ];
  const streamLoop: Script = async ({ body: asked }, turn, signal) =>
    sse(streamed((await (await loop({ body: asked } as never, turn, signal)).json()) as never), { end: '' });
  const hasThreads = !dialect.cloud || dialect.version.cloud === 'foundry';
  const hasRunner = number >= 64;
  const noRunner: Exempt = () => (hasRunner ? undefined : 'this version has no toolRunner()');
  const noParse: Exempt = () => (number >= 72 ? undefined : 'this version has no messages.parse()');
  const noBetaStream: Exempt = () => (number >= 33 ? undefined : 'this version has no beta.messages.stream()');
  const noStreamResponse: Exempt = () => (number >= 31 ? undefined : 'this version has no withResponse() on a stream');
  const noCloudBatches: Exempt = (): string | undefined => (dialect.cloud ? 'this cloud has no batches' : undefined);
  const noBatches: Exempt = () =>
    noCloudBatches(dialect) ?? (number >= 33 ? undefined : 'this version has its batches under beta only');
  const tools = (run: (input: { city: string }) => unknown): object => ({
    ...body,
    max_iterations: 5,
    tools: [{ name: 'weather', description: 'w', input_schema: schema, run, parse: (input: unknown) => input }],
  });
  const lines = ['1', '2', '3'].map((id) => ({
    custom_id: id,
    result:
      id === '3'
        ? { type: 'errored', error: dialect.error(400) }
        : { type: 'succeeded', message: { ...answer, usage: { ...answer.usage, service_tier: 'batch' } } },
  }));
  const batch: Script = ({ url }) =>
    url.endsWith('/results')
      ? new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), {
          headers: { 'content-type': 'application/x-jsonl' },
        })
      : json({
          id: 'batch_1',
          type: 'message_batch',
          processing_status: 'ended',
          results_url: 'https://llm.example/v1/messages/batches/batch_1/results',
        });
  const perResult = (spans: Spans): void => {
    assert.equal(spans.all.length, 2);
    for (const span of spans.all)
      hasAttributes(span, { 'routescope.ending': 'complete', 'gen_ai.usage.output_tokens': 87 });
  };
  return [
    make(
      'stream(): withResponse()',
      () => dialect.stream(),
      async (client) => {
        const { data, response, request_id } = await client.messages.stream(body).withResponse();
        return [await data.finalMessage(), response.status, request_id];
      },
      { exempt: noStreamResponse },
    ),
    make(
      'stream(): currentMessage and request id',
      () => dialect.stream(),
      async (client) => {
        const stream = client.messages.stream(body);
        await stream.done();
        return [stream.receivedMessages, stream.request_id];
      },
    ),
    make(
      'stream(): fromReadableStream()',
      () => dialect.stream(),
      async (client) => {
        const stream = client.messages.stream(body);
        return await stream.constructor.fromReadableStream(stream.toReadableStream()).finalMessage();
      },
    ),
    make(
      'stream(): inputJson of a tool',
      () =>
        sse(
          streamed(saying([{ type: 'tool_use', id: 't', name: 'w', input: { city: 'Bern' } }], 'tool_use') as never),
          { end: '' },
        ),
      async (client) => {
        const heard: unknown[] = [];
        await client.messages
          .stream(body)
          .on('inputJson', (piece: string) => heard.push(piece))
          .done();
        return heard;
      },
    ),
    make(
      'beta.messages.create()',
      () => json(answer),
      (client) => client.beta.messages.create(body),
    ),
    make(
      'beta.messages.create(): streamed',
      () => dialect.stream(),
      async (client) => read(await client.beta.messages.create({ ...body, stream: true })),
    ),
    make(
      'beta.messages.stream()',
      () => dialect.stream(),
      (client) => client.beta.messages.stream(body).finalMessage(),
      { exempt: noBetaStream },
    ),
    make(
      'beta.promptCaching.messages.create()',
      () => json(answer),
      (client) => client.beta.promptCaching.messages.create(body),
      {
        exempt: () => (number < 33 ? undefined : 'prompt caching has left beta in this version'),
      },
    ),
    make(
      'messages.parse()',
      () => json(saying([{ type: 'text', text: '{"answer":"yes"}' }], 'end_turn')),
      (client) => client.messages.parse({ ...body, output_config: { format: { type: 'json_schema', schema } } }),
      { exempt: noParse },
    ),
    make(
      'beta.messages.parse()',
      () => json(saying([{ type: 'text', text: '{"answer":"yes"}' }], 'end_turn')),
      (client) =>
        outcome(client.beta.messages.parse({ ...body, output_config: { format: { type: 'json_schema', schema } } })),
      { exempt: noParse },
    ),
    make(
      'toolRunner(): every turn is an inference with its step',
      loop,
      (client) => client.beta.messages.toolRunner(tools(() => 'sun')).runUntilDone(),
      { exempt: noRunner, spans: steps(2) },
    ),
    make('toolRunner(): awaited', loop, async (client) => await client.beta.messages.toolRunner(tools(() => 'sun')), {
      exempt: noRunner,
      spans: steps(2),
    }),
    make('toolRunner(): for await', loop, (client) => read(client.beta.messages.toolRunner(tools(() => 'sun'))), {
      exempt: noRunner,
      spans: steps(2),
    }),
    make(
      'toolRunner(): a tool that throws',
      loop,
      (client) =>
        outcome(
          client.beta.messages
            .toolRunner(
              tools(() => {
                throw new RangeError('of the tool');
              }),
            )
            .runUntilDone(),
        ),
      { exempt: noRunner, spans: steps(2) },
    ),
    make(
      'toolRunner(): an inference that a tool makes is no step',
      loop,
      async (client) =>
        client.beta.messages
          .toolRunner(
            tools(
              async () =>
                (await client.messages.create({ ...body, messages: [{ role: 'user', content: 'tool_result' }] })).id,
            ),
          )
          .runUntilDone(),
      {
        exempt: noRunner,
        spans(spans) {
          assert.deepEqual(
            spans.all.map(({ attributes }) => attributes['routescope.attempt.step']),
            [1, undefined, 2],
          );
        },
      },
    ),
    make(
      'toolRunner(): streamed',
      streamLoop,
      async (client) => {
        const messages: unknown[] = [];
        for await (const stream of client.beta.messages.toolRunner({ ...tools(() => 'sun'), stream: true }))
          messages.push(await stream.finalMessage());
        return messages;
      },
      { exempt: noRunner, spans: steps(2) },
    ),
    make(
      'messages.batches.results(): an inference per answer',
      batch,
      async (client) => read(await client.messages.batches.results('batch_1')),
      { exempt: noBatches, spans: perResult },
    ),
    make(
      'messages.batches.results(): a break',
      batch,
      async (client) => {
        for await (const line of await client.messages.batches.results('batch_1')) return line;
        return undefined;
      },
      { exempt: noBatches, spans: (spans) => assert.equal(spans.all.length, 1) },
    ),
    make(
      'beta.messages.batches.results(): an inference per answer',
      batch,
      async (client) => read(await client.beta.messages.batches.results('batch_1')),
      { exempt: noCloudBatches, spans: perResult },
    ),
    make(
      'beta.messages.thread(): a turn',
      () => json(saying([{ type: 'text', text: 'hi' }], 'end_turn')),
      (client) =>
        outcome(
          client.beta.messages.thread({ model: body['model'], max_tokens: 9 }).send({ role: 'user', content: 'x' }),
        ),
      {
        exempt: () =>
          number < 1000 ? 'this version has no threads' : hasThreads ? undefined : 'this cloud has no threads',
      },
    ),
    make(
      'create(): ping events are left out as before',
      () => dialect.stream(),
      async (client) => (await read(await client.messages.create({ ...body, stream: true }))).length,
    ),
    make(
      'a stream that stops after its start',
      () => sse(events.slice(0, 1), { end: '' }),
      async (client) => outcome(client.messages.stream(body).finalMessage()),
      {
        spans: (spans) => spans.has({ 'routescope.usage.source': 'estimated' }),
      },
    ),
  ];
}
