/**
 * Every recorded answer, replayed through the vendors' own SDKs: what its span says of tokens and cost is held against
 * a table checked by hand, and the same answer streamed and whole is held against itself.
 */
import { readdirSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { Json } from '../provider/fixtures.ts';
import { account, providers, recordingOf, recordSpans, replayed } from './replayed.ts';
import { golden, type Row } from './usage-golden.ts';

beforeAll(recordSpans);

test('the table has every recorded answer, and no other', () => {
  const files = readdirSync(providers, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(json|txt|sse)$/.test(file))
    .filter((file) => {
      const [first] = recordingOf(file).payloads;
      return !first.error || first.object === 'response'; // error bodies are no answers
    });
  expect(golden.map(([file]) => file).sort()).toEqual(files.sort());
});

const rows = golden.map((row) => ({ file: row[0], row }));

test.each(rows)('$file', async ({ row }) => {
  const [file, , provider, model, tokens, usd, status, extra = {}] = row;
  const attributes = await replayed(row, recordingOf(file));
  const said = (name: string): unknown => attributes[name] ?? null;
  expect(said('gen_ai.provider.name')).toBe(provider);
  expect(said('gen_ai.response.model') ?? said('gen_ai.request.model')).toBe(model);
  expect([
    said('gen_ai.usage.input_tokens'),
    said('gen_ai.usage.output_tokens'),
    said('gen_ai.usage.cache_read.input_tokens'),
    said('gen_ai.usage.cache_write.input_tokens'),
    said('gen_ai.usage.reasoning.output_tokens'),
  ]).toEqual(tokens);
  expect([said('routescope.cost.total'), said('routescope.cost.status')]).toEqual([usd, status]);
  expect({
    tier: said('openai.response.service_tier') ?? said('anthropic.response.service_tier'),
    searches: said('routescope.usage.web_searches'),
    fetches: said('routescope.usage.web_fetches'),
    files: said('routescope.usage.file_searches'),
    seconds: said('routescope.usage.audio_seconds'),
    nested:
      said('routescope.nested.input_tokens') === null
        ? null
        : [said('routescope.nested.input_tokens'), said('routescope.nested.output_tokens')],
    nestedUsd: said('routescope.cost.nested'),
    missing: status === 'unpriced' ? null : said('routescope.cost.missing'),
  }).toEqual({
    tier: extra.tier ?? null,
    searches: extra.searches ?? null,
    fetches: extra.fetches ?? null,
    files: extra.files ?? null,
    seconds: extra.seconds ?? null,
    nested: extra.nested ?? null,
    nestedUsd: extra.nestedUsd === undefined ? null : Number(extra.nestedUsd),
    missing: extra.missing ?? null,
  });
  const isSaid = tokens[0] !== null || extra.seconds !== undefined;
  expect(said('routescope.usage.source')).toBe(isSaid ? 'provider' : 'missing');
});

/** The stream a provider sends for a whole answer: the same, cut in pieces. */
function streamed(method: Row[1], answer: Json): Json[] {
  switch (method) {
    case 'messages':
      return [
        {
          type: 'message_start',
          message: {
            ...answer,
            content: [],
            stop_reason: null,
            usage: { ...answer.usage, output_tokens: 1, iterations: null },
          },
        },
        { type: 'message_delta', delta: { stop_reason: answer.stop_reason }, usage: answer.usage },
        { type: 'message_stop' },
      ];
    case 'responses':
      return [
        { type: 'response.created', response: { ...answer, status: 'in_progress', output: [], usage: null } },
        { type: 'response.completed', response: answer },
      ];
    default: {
      const head = { id: answer.id, model: answer.model, service_tier: answer.service_tier };
      return [
        { ...head, choices: [{ index: 0, delta: { content: 'R' }, finish_reason: 'stop' }] },
        { ...head, choices: [], usage: answer.usage },
      ];
    }
  }
}

/** The whole answer that a stream tells piece by piece. */
function whole(method: Row[1], events: readonly Json[]): Json {
  if (method === 'responses') return events.findLast((event) => event.response).response;
  if (method === 'messages') {
    const message = structuredClone(events[0].message);
    for (const { usage = {}, message: begun } of events)
      for (const [name, value] of Object.entries({ ...begun?.usage, ...usage }))
        if (value !== null) message.usage[name] = value;
    return message;
  }
  const last = events.findLast((event) => event.usage);
  return {
    id: events[0].id,
    model: events.find((event) => event.model).model,
    service_tier: events.findLast((event) => event.service_tier)?.service_tier,
    choices: [],
    usage: last?.usage,
  };
}

test.each(rows.filter(({ row }) => row[1] !== 'transcription'))(
  '$file costs the same streamed and whole',
  async ({ row }) => {
    const [file, method] = row;
    const recording = recordingOf(file);
    const other = recording.isStream
      ? { payloads: [whole(method, recording.payloads)], isStream: false }
      : { payloads: streamed(method, recording.payloads[0]), isStream: true };
    expect(account(await replayed(row, other))).toEqual(account(await replayed(row, recording)));
  },
);
