/** A response in the background is one inference, from its request until the app has seen how it ended. */
import { type Attributes, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { closeOpenInferences, observe, withTag } from '@routescope/sdk';
import OpenAI from 'openai';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Json } from '../provider/fixtures.ts';
import { framesOf, recordingOf } from './replayed.ts';
import { golden } from './usage-golden.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
afterEach(() => {
  closeOpenInferences();
  exporter.reset();
});

const [, , , model, tokens, usd] = golden.find(([file]) => file === 'openai/responses/openai-phase.1.json') ?? [];
const [over] = recordingOf('openai/responses/openai-phase.1.json').payloads as [Json];
const underWay = (status: string): Json => ({ ...over, status, output: [], usage: null });
const events = [
  { type: 'response.created', response: underWay('queued'), sequence_number: 0 },
  { type: 'response.in_progress', response: underWay('in_progress'), sequence_number: 1 },
  { type: 'response.completed', response: over, sequence_number: 2 },
];

const whole = (answer: Json) => (): Response => Response.json(answer);
const stream = (some: readonly Json[]) => (): Response =>
  new Response(framesOf('responses', some).join(''), { headers: { 'content-type': 'text/event-stream' } });

/** Answers the requests one after the other. */
function clientOf(...answers: (() => Response)[]): OpenAI {
  const fetch = async (): Promise<Response> => {
    const next = answers.shift();
    if (!next) throw new Error('nothing more was expected');
    return next();
  };
  let now = Date.parse('2026-11-24T12:00:00Z');
  const clock = (): number => {
    now += 1_000;
    return now;
  };
  return observe(new OpenAI({ apiKey: 'none-needed', fetch, maxRetries: 0 }), { clock });
}

const asked = { model: String(model), input: 'Recorded.', background: true } as const;
const spans = (): Attributes[] => exporter.getFinishedSpans().map(({ attributes }) => attributes);
const complete = {
  'routescope.ending': 'complete',
  'routescope.usage.source': 'provider',
  'routescope.cost.total': usd,
  'gen_ai.usage.input_tokens': tokens?.[0],
  'gen_ai.usage.output_tokens': tokens?.[1],
};

test('looked at until it is over', async () => {
  const client = clientOf(...[underWay('queued'), underWay('in_progress'), over, over].map(whole));
  const { id } = await withTag('research', () => client.responses.create(asked));
  const { data } = await client.responses.retrieve(id).withResponse();
  expect([data.status, spans()]).toEqual(['in_progress', []]);
  expect(await client.responses.retrieve(id)).toMatchObject({ id, status: 'completed' });
  expect(spans()).toEqual([expect.objectContaining({ ...complete, 'routescope.tag': 'research' })]);
  await client.responses.retrieve(id);
  expect(spans()).toHaveLength(1);
});

test('by another observed client of the process', async () => {
  const { id } = await clientOf(whole(underWay('queued'))).responses.create(asked);
  await clientOf(whole(over)).withOptions({ timeout: 5_000 }).responses.retrieve(id);
  expect(spans()).toMatchObject([complete]);
});

test('streamed, left, and streamed again', async () => {
  const client = clientOf(stream(events), stream(events.slice(2)));
  const first = await client.responses.create({ ...asked, stream: true });
  for await (const event of first) if (event.type === 'response.in_progress') break;
  expect(spans()).toEqual([]);
  const again = await client.responses.retrieve(over.id, { stream: true, starting_after: 1 });
  const types: string[] = [];
  for await (const { type } of again) types.push(type);
  expect(types).toEqual(['response.completed']);
  expect(spans()).toMatchObject([{ ...complete, 'routescope.stream.outcome': 'complete' }]);
});

test('streamed, broken off, and looked at', async () => {
  const client = clientOf(stream(events.slice(0, 2)), whole(over));
  for await (const _ of await client.responses.create({ ...asked, stream: true }));
  await client.responses.retrieve(over.id);
  expect(spans()).toMatchObject([complete]);
});

test('cancelled', async () => {
  const client = clientOf(whole(underWay('queued')), whole(underWay('cancelled')));
  await client.responses.create(asked);
  await client.responses.cancel(over.id);
  expect(spans()).toMatchObject([
    { 'gen_ai.response.finish_reasons': ['cancelled'], 'routescope.usage.source': 'missing' },
  ]);
});

test('a look that fails changes nothing but what the app sees of it', async () => {
  const refused = () => Response.json({ error: { message: 'no', code: 'not_yet' } }, { status: 404 });
  const client = clientOf(whole(underWay('queued')), refused, whole(over));
  await client.responses.create(asked);
  await expect(client.responses.retrieve(over.id)).rejects.toMatchObject({ status: 404 });
  await client.responses.retrieve(over.id);
  expect(spans()).toMatchObject([complete]);
});

test('never looked at, it is closed with the process; one that nobody asked for is no inference', async () => {
  const client = clientOf(whole({ ...over, id: 'resp_of_another' }), whole(underWay('queued')));
  await client.responses.retrieve('resp_of_another');
  await client.responses.create(asked);
  expect(spans()).toEqual([]);
  closeOpenInferences();
  expect(spans()).toMatchObject([{ 'routescope.ending': 'abandoned', 'gen_ai.response.finish_reasons': ['queued'] }]);
});

test('of too many the one that has waited longest ends as it stands', async () => {
  const answers = Array.from({ length: 1_001 }, (_, number) => whole({ ...underWay('queued'), id: `resp_${number}` }));
  const client = clientOf(...answers);
  for (const _ of answers.slice()) await client.responses.create(asked);
  expect(spans()).toMatchObject([{ 'routescope.ending': 'abandoned', 'gen_ai.response.id': 'resp_0' }]);
});

test('answered at once, as where nothing goes on in the background', async () => {
  await clientOf(whole(over)).responses.create(asked);
  expect(spans()).toMatchObject([complete]);
});
