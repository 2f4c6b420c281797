/**
 * `sdk`: what observing costs the app, over the same client bare. Recorded answers come from memory, so that the clients
 * and the wrapper are all there is; spans are made in full and handed to a processor that lets them go, because sending
 * them happens off the call's path. Bare and observed take turns within a run, and CPU time is compared, not the clock.
 */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { observe } from '@routescope/sdk';
import OpenAI from 'openai';
import { type Fixture, type Json, loadFixtures, ownFixtures } from '../provider/fixtures.ts';
import { type Figure, figure } from './figure.ts';

const runs = 7;
/** Bare and observed take that many turns in a run, so that what else the machine does meets both. */
const turns = 20;
const callsPerTurn = 300;
const streamsPerTurn = 5;
const chunksPerStream = 1_000;

const body = { model: 'gpt-4.1-nano', messages: [{ role: 'user' as const, content: 'Name one.' }], max_tokens: 64 };

export async function sdk(): Promise<Figure[]> {
  let spans = 0;
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: () => void spans++,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  // Node 20 makes every promise dearer once anybody uses AsyncLocalStorage, as each traced app does: so for both.
  context.with(context.active(), () => {});
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));

  const fixtures = loadFixtures(ownFixtures).fixtures;
  const whole = recorded(fixtures, 'providers/openai/chat/openai-text.json');
  const streamed = recorded(fixtures, 'providers/openai/chat/openai-text.chunks.txt');
  const answer = JSON.stringify(whole.payloads[0]);
  const events = longStream(streamed.payloads, chunksPerStream);
  const bare = new OpenAI({
    apiKey: 'none-needed',
    fetch: async (_, init) => (String(init?.body).includes('"stream":true') ? sse(events) : json(answer)),
  });
  const observed = observe(bare);

  const call = async (client: OpenAI): Promise<void> => {
    for (let i = 0; i < callsPerTurn; i++) await client.chat.completions.create(body);
  };
  const read = async (client: OpenAI): Promise<void> => {
    for (let i = 0; i < streamsPerTurn; i++) {
      let chunks = 0;
      for await (const _ of await client.chat.completions.create({ ...body, stream: true })) chunks++;
      if (chunks < chunksPerStream) throw new Error(`a stream had ${chunks} chunks, not ${chunksPerStream}`);
    }
  };

  const perCall: number[] = [];
  const perChunk: number[] = [];
  for (let run = -1; run < runs; run++) {
    const callUs = (await over(call, bare, observed)) / callsPerTurn;
    const chunkUs = (await over(read, bare, observed)) / (streamsPerTurn * chunksPerStream);
    if (run < 0) continue; // warm-up
    perCall.push(callUs);
    perChunk.push(chunkUs);
  }
  if (spans !== (runs + 1) * turns * (callsPerTurn + streamsPerTurn))
    throw new Error(`${spans} spans ended, not one per call`);
  return [
    figure('us_per_call', 'us', perCall, 'at most 50 of CPU over the bare client', (value) => value <= 50),
    figure('us_per_chunk', 'us', perChunk, 'at most 1 of CPU over the bare client', (value) => value <= 1),
  ];
}

/** CPU microseconds that a turn of `work` costs more with the observed client: the median over the turns. */
async function over(work: (client: OpenAI) => Promise<void>, bare: OpenAI, observed: OpenAI): Promise<number> {
  const cpuOf = async (client: OpenAI): Promise<number> => {
    const before = process.cpuUsage();
    await work(client);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const more: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    // Each goes first every other time: garbage of one is often collected in the turn of the next.
    const [first, second] = turn % 2 === 0 ? [bare, observed] : [observed, bare];
    const costs = [await cpuOf(first as OpenAI), await cpuOf(second as OpenAI)] as const;
    more.push(turn % 2 === 0 ? costs[1] - costs[0] : costs[0] - costs[1]);
  }
  return more.sort((a, b) => a - b)[turns / 2] as number;
}

function recorded(fixtures: readonly Fixture[], name: string): Fixture {
  const fixture = fixtures.find((each) => each.name === name);
  if (!fixture) throw new Error(`there is no fixture ${name}`);
  return fixture;
}

/** The recorded stream, with its first chunk of text repeated until it has `length` chunks of them. */
function longStream(payloads: readonly Json[], length: number): string {
  const text = payloads.findIndex((payload) => payload.choices?.[0]?.delta?.content);
  return [...payloads.slice(0, text), ...Array.from({ length }, () => payloads[text]), ...payloads.slice(text + 1)]
    .map((payload) => `data: ${JSON.stringify(payload)}\n\n`)
    .concat('data: [DONE]\n\n')
    .join('');
}

const json = (text: string): Response => new Response(text, { headers: { 'content-type': 'application/json' } });
const sse = (text: string): Response => new Response(text, { headers: { 'content-type': 'text/event-stream' } });
