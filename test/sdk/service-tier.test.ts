/**
 * The service tier by which an answer is priced: the one it names, else the one asked for. Recorded answers, their tier
 * taken out or replaced; costs are worked out by hand from the price pages of 24 November 2026.
 */
import { beforeAll, expect, test } from 'vitest';
import type { Json } from '../provider/fixtures.ts';
import { recordingOf, recordSpans, replayed } from './replayed.ts';
import { golden, type Row } from './usage-golden.ts';

beforeAll(recordSpans);

/** The payload as one that names that tier where it named another; undefined: none. */
const naming =
  (tier: string | null | undefined) =>
  (payload: Json): Json => ({
    ...payload,
    ...('service_tier' in payload && { service_tier: tier }),
    ...(payload.response && { response: naming(tier)(payload.response) }),
  });

const chat = 'openai/chat/openai-text.json';
const chatStream = 'openai/chat/openai-text.chunks.txt';
const response = 'openai/responses/openai-phase.1.json';
const responseStream = 'openai/responses/openai-phase.1.chunks.txt';
const mini = 'openai/responses/openai-mcp-tool-approval.1.json';
/** Names no tier as it was recorded. */
const codex = 'openai/responses/openai-custom-tool.1.json';
const groq = 'openai-compatible/groq-groq-text.json';
const message = 'anthropic/anthropic-advisor-stop-reasons.json';

// biome-ignore format: a table is read by its rows
const cases: readonly (readonly [file: string, asked: string | undefined, named: string | null | undefined, usd: number, more?: { missing?: string; as?: string }])[] = [
  // 16 × 0.2 + 363 × 0.8, and of the stream 300
  [chat, 'priority', undefined, 0.0002936],
  [chat, 'fast', undefined, 0.0002936],
  [chat, 'priority', null, 0.0002936],
  [chatStream, 'priority', undefined, 0.0002432],
  [chat, 'priority', undefined, 0.0002936, { as: 'a gateway' }],
  // 4,171 × 3.5 + 3,072 × 0.35 + 423 × 28, and 4,040 × 3.5 + 3,072 × 0.35 + 463 × 28
  [response, 'priority', undefined, 0.0275177],
  [responseStream, 'priority', undefined, 0.0281792],
  // 422 × 0.125 + 104 × 1
  [mini, 'flex', undefined, 0.00015675],
  // 50 × 0.875 + 20 × 7
  [codex, 'flex', undefined, 0.00018375],
  // 422 × 0.45 + 104 × 3.6: Azure has no price for flex, and one for this
  [mini, 'priority', undefined, 0.0005643, { as: 'azure.ai.openai' }],
  // No price in that tier: the standard one's, and said so.
  [mini, 'flex', undefined, 0.0003135, { as: 'azure.ai.openai', missing: 'tier flex' }],
  [chat, 'ultrafast', undefined, 0.0001468, { missing: 'tier ultrafast' }],
  // A tier that the answer names, whatever was asked for.
  [chat, 'priority', 'default', 0.0001468],
  [chatStream, 'priority', 'default', 0.0001216],
  [mini, 'flex', 'priority', 0.0005643],
  [mini, undefined, 'flex', 0.00015675],
  // Words that ask for none, or that nobody knows.
  [chat, 'auto', undefined, 0.0001468],
  [chat, 'default', undefined, 0.0001468],
  [chat, 'scale', undefined, 0.0001468],
  [chat, 'at once, please', undefined, 0.0001468],
  // Servers of whom nobody knows what they make of the word, and Anthropic, where it never names a tier.
  [groq, 'flex', undefined, 0.00050608],
  [message, 'priority', undefined, 0.00033],
];

test.each(cases.map(([file, asked, named, usd, more = {}]) => ({ file, asked, named, usd, ...more })))(
  '$file of $as, asked for $asked, names $named',
  async ({ file, asked, named, usd, missing, as }) => {
    const [name, method, own, ...rest] = golden.find(([each]) => each === file) as Row;
    const { payloads, isStream } = recordingOf(name);
    const recording = { payloads: payloads.map(naming(named)), isStream };
    const request = asked === undefined ? {} : { service_tier: asked };
    const said = await replayed([name, method, as ?? own, ...rest], recording, undefined, request);
    const prefix = method === 'messages' ? 'anthropic' : 'openai';
    expect({
      usd: said['routescope.cost.total'],
      status: said['routescope.cost.status'],
      missing: said['routescope.cost.missing'],
      asked: said[`${prefix}.request.service_tier`],
      named: said[`${prefix}.response.service_tier`],
    }).toEqual({
      usd,
      status: missing === undefined ? 'priced' : 'partial',
      missing: missing && [missing],
      asked: asked === 'auto' ? undefined : asked,
      // Never what was only asked for.
      named: named ?? undefined,
    });
  },
);

test('a stream that is broken off before it names its tier has the price of the one asked for, as far as it came', async () => {
  const { payloads } = recordingOf(chatStream);
  const begun = payloads
    .slice(0, 3)
    .map((chunk) => ({ ...naming(undefined)(chunk), usage: { prompt_tokens: 16, completion_tokens: 2 } }));
  const row = golden.find(([each]) => each === chatStream) as Row;
  const said = await replayed(row, { payloads: begun, isStream: true }, undefined, { service_tier: 'priority' });
  // 16 × 0.2 + 2 × 0.8
  expect(said).toMatchObject({ 'routescope.usage.source': 'estimated', 'routescope.cost.total': 0.0000048 });
});
