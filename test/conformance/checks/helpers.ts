/** The SDKs' own helpers, which make inferences through the methods that are watched. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome } from '../trial.ts';
import { json, type Script, sse } from '../wire.ts';
import { helperStream } from './errors.ts';
import { make } from './helper-check.ts';
import { anthropicHelpers } from './helpers-anthropic.ts';
import { openaiHelpers } from './helpers-openai.ts';
import { read } from './promise.ts';

export const helperChecks = (dialect: Dialect): Check[] => [
  ...streamHelpers(dialect),
  ...(dialect.sdk === 'openai' ? openaiHelpers : anthropicHelpers)(dialect),
];

/** `stream()`, which both SDKs have in every version. */
function streamHelpers(dialect: Dialect): Check[] {
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
