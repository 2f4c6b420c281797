/** Anthropic's helpers beside `stream()`: parsed answers, tool loops, threads, batches. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, hasAttributes, outcome, type Spans } from '../trial.ts';
import { json, type Script, sse } from '../wire.ts';
import { type Exempt, make, schema, steps } from './helper-check.ts';
import { read } from './promise.ts';

export function anthropicHelpers(dialect: Dialect): Check[] {
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
  const noBeta: Exempt = () =>
    dialect.version.name === 'vertex@0.4' ? 'this version has nothing that is in beta' : undefined;
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
      { exempt: noBeta },
    ),
    make(
      'beta.messages.create(): streamed',
      () => dialect.stream(),
      async (client) => read(await client.beta.messages.create({ ...body, stream: true })),
      { exempt: noBeta },
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
        exempt: () =>
          noBeta(dialect) ??
          (dialect.cloud && number < 33 ? 'this cloud has no prompt caching' : undefined) ??
          (number < 33 ? undefined : 'prompt caching has left beta in this version'),
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
