/** What the clients are made to do: whole answers, streams, and answers to a prompt of 200 kB, from a provider in memory. */
import { type Fixture, type Json, loadFixtures, ownFixtures } from '../../provider/fixtures.ts';
import type { Foreign, Sdk } from './tools.ts';

const callsPerTurn = 50;
const streamsPerTurn = 3;
const chunksPerStream = 500;
/** As a prompt with documents in it. */
const longPrompt = 'A page of it. '.repeat(14_600);

export interface Work {
  /** What it is counted by: calls, or chunks. */
  readonly units: number;
  run(client: Foreign): Promise<void>;
}

export type WorkName = 'call' | 'chunk' | 'long';

const prompt = (content: string): object => ({ max_tokens: 64, messages: [{ role: 'user', content }] });

export function works(sdk: Sdk): Readonly<Record<WorkName, Work>> {
  const isOpenai = sdk === 'openai';
  const model = isOpenai ? 'gpt-4.1-nano' : 'claude-haiku-4-5-20251001';
  const create = (client: Foreign, body: object): Promise<Foreign> =>
    (isOpenai ? client.chat.completions : client.messages).create({ model, ...body });
  const calls = (content: string, units: number): Work => ({
    units,
    async run(client) {
      for (let i = 0; i < units; i++) await create(client, prompt(content));
    },
  });
  return {
    call: calls('Name one.', callsPerTurn),
    long: calls(longPrompt, callsPerTurn / 2),
    chunk: {
      units: streamsPerTurn * chunksPerStream,
      async run(client) {
        for (let i = 0; i < streamsPerTurn; i++) {
          let chunks = 0;
          for await (const _ of await create(client, { ...prompt('Tell.'), stream: true })) chunks++;
          if (chunks < chunksPerStream) throw new Error(`a stream had ${chunks} chunks, not ${chunksPerStream}`);
        }
      },
    },
  };
}

/** A provider in memory, so that the clients and what watches them are all there is. */
export function provider(sdk: Sdk): typeof fetch {
  const { fixtures } = loadFixtures(ownFixtures);
  const [whole, streamed] =
    sdk === 'openai'
      ? ['providers/openai/chat/openai-text.json', 'providers/openai/chat/openai-text.chunks.txt']
      : ['providers/anthropic/anthropic-json-tool.1.json', 'providers/anthropic/anthropic-text.chunks.txt'];
  const answer = JSON.stringify(recorded(fixtures, whole as string).payloads[0]);
  const events = longStream(recorded(fixtures, streamed as string).payloads, chunksPerStream);
  return async (_, init) => (String(init?.body).includes('"stream":true') ? sse(events) : json(answer));
}

function recorded(fixtures: readonly Fixture[], name: string): Fixture {
  const fixture = fixtures.find((each) => each.name === name);
  if (!fixture) throw new Error(`there is no fixture ${name}`);
  return fixture;
}

/** The recorded stream, with its first piece of text repeated until it has `length` of them. */
function longStream(payloads: readonly Json[], length: number): Uint8Array[] {
  const text = payloads.findIndex(
    (payload) => payload.choices?.[0]?.delta?.content || payload.type === 'content_block_delta',
  );
  return [...payloads.slice(0, text), ...Array.from({ length }, () => payloads[text]), ...payloads.slice(text + 1)]
    .map((payload) => `${payload.type ? `event: ${payload.type}\n` : ''}data: ${JSON.stringify(payload)}\n\n`)
    .concat(payloads[0].type ? [] : ['data: [DONE]\n\n'])
    .map((event) => new TextEncoder().encode(event));
}

const json = (text: string): Response => new Response(text, { headers: { 'content-type': 'application/json' } });
/** Event by event, as a network brings them: given whole, most of the time goes into the SDK's cutting of one long text. */
function sse(events: readonly Uint8Array[]): Response {
  let next = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const event = events[next++];
    if (event) controller.enqueue(event);
    else controller.close();
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), {
    headers: { 'content-type': 'text/event-stream' },
  });
}
