/**
 * One answer on the wire has many forms: cut anywhere, with other line ends and comments, with fields and events that
 * nobody knows yet. Tokens and cost are the same in all of them.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Json } from '../provider/fixtures.ts';
import { account, framesOf, type Recording, recordingOf, recordSpans, replayed } from './replayed.ts';
import { golden, type Row } from './usage-golden.ts';

beforeAll(recordSpans);

const rows = golden.filter(([, method]) => method !== 'transcription');
const anyRow = fc.constantFrom(...rows);
const streamedRow = fc.constantFrom(...rows.filter(([file]) => !file.endsWith('.json')));

/** In pieces that end wherever, also between the bytes of a letter. */
function cut(text: string, places: readonly number[]): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const ends = [...new Set(places.map((place) => Math.floor(place * bytes.length)))].sort((a, b) => a - b);
  return [0, ...ends].map((from, index) => bytes.subarray(from, ends[index] ?? bytes.length));
}

/** Shares of the whole. */
const cuts = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 40 });

const plain = new Map<string, ReturnType<typeof account>>();
/** What the recording says in the form it was recorded in. */
async function asRecorded(row: Row, recording: Recording): Promise<ReturnType<typeof account>> {
  const known = plain.get(row[0]) ?? account(await replayed(row, recording));
  plain.set(row[0], known);
  return known;
}

test('cut anywhere, with any line ends and comments between events', async () => {
  const between = fc.constantFrom(
    '',
    ': ping\n\n',
    ':\n',
    ': PROCESSING\n\n: PROCESSING\n\n',
    'retry: 3000\n',
    'id: 7\n',
  );
  await fc.assert(
    fc.asyncProperty(
      streamedRow,
      cuts,
      fc.boolean(),
      fc.array(between, { minLength: 1, maxLength: 6 }),
      async (row, places, isCrlf, comments) => {
        const recording = recordingOf(row[0]);
        // The event's name comes first in Anthropic's: a comment may stand before it, not within.
        const frames = framesOf(row[1], recording.payloads).map(
          (frame, index) => `${comments[index % comments.length]}${frame}`,
        );
        const text = frames.join('');
        const body = cut(isCrlf ? text.replaceAll('\n', '\r\n') : text, places);
        expect(account(await replayed(row, recording, body))).toEqual(await asRecorded(row, recording));
      },
    ),
    { numRuns: 60 },
  );
});

test('without the mark at the end', async () => {
  for (const row of rows.filter(([file, method]) => !file.endsWith('.json') && method === 'chat')) {
    const recording = recordingOf(row[0]);
    const body = [new TextEncoder().encode(framesOf(row[1], recording.payloads).slice(0, -1).join(''))];
    expect(account(await replayed(row, recording, body))).toEqual(await asRecorded(row, recording));
  }
});

/** The same object with its keys in another order, and some that nobody knows. */
function reordered(value: Json, turn: number): Json {
  if (Array.isArray(value)) return value.map((each) => reordered(each, turn));
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, Json][] = Object.entries(value).map(([name, each]) => [name, reordered(each, turn)]);
  const at = entries.length === 0 ? 0 : turn % entries.length;
  const odd = { deep: [{ tokens: 1_000_000 }], input_tokens: 1_000_000 };
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at), [`unheard_of_${turn}`, odd]]);
}

test('with fields nobody knows, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(anyRow, fc.nat({ max: 50 }), async (row, turn) => {
      const recording = recordingOf(row[0]);
      const changed = { ...recording, payloads: recording.payloads.map((each) => reordered(each, turn)) };
      expect(account(await replayed(row, changed))).toEqual(await asRecorded(row, recording));
    }),
    { numRuns: 60 },
  );
});

/** Events that say nothing of tokens, as each API may send them. */
const silent: Readonly<Record<Row[1], readonly Json[]>> = {
  messages: [
    { type: 'ping' },
    { type: 'content_block_unheard_of', index: 0, usage: null },
    { type: 'message_delta', delta: {}, usage: null },
  ],
  chat: [
    { choices: [] },
    { choices: [], usage: null },
    { choices: [{ index: 0, delta: {}, finish_reason: null }], usage: null },
  ],
  completions: [{ choices: [] }, { choices: [], usage: null }],
  responses: [
    { type: 'response.unheard_of' },
    { type: 'response.in_progress', response: null },
    { type: 'keepalive', sequence_number: 3 },
  ],
  transcription: [],
};

test('with events between that say nothing of tokens', async () => {
  await fc.assert(
    fc.asyncProperty(streamedRow, fc.nat(), fc.nat({ max: 2 }), async (row, place, which) => {
      const recording = recordingOf(row[0]);
      const events = silent[row[1]];
      const event = events[which % events.length];
      // Not before the first and not after the last: those have a meaning.
      const at = 1 + (place % Math.max(1, recording.payloads.length - 1));
      const payloads = [...recording.payloads.slice(0, at), event, ...recording.payloads.slice(at)];
      expect(account(await replayed(row, { ...recording, payloads }))).toEqual(await asRecorded(row, recording));
    }),
    { numRuns: 60 },
  );
});

test.each([
  [
    'chat',
    [1, 2, 3].map((count) => ({
      choices: [{ index: 0, delta: { content: 'a' } }],
      usage: { prompt_tokens: 5, completion_tokens: count },
    })),
  ],
  [
    'messages',
    [
      { type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 3 } } },
      { type: 'message_delta', delta: {}, usage: null },
    ],
  ],
] as const)('usage so far of a stream of %s that ends too soon is no last word', async (method, payloads) => {
  const row: Row = ['', method, 'openai', 'gpt-4o', [5, 3, null, null, null], 0, 'priced'];
  const said = await replayed(row, { payloads, isStream: true });
  expect(said).toMatchObject({ 'gen_ai.usage.output_tokens': 3, 'routescope.usage.source': 'estimated' });
});

test('a stream that is broken off says no more than the whole, and that it is not the last word', async () => {
  await fc.assert(
    fc.asyncProperty(streamedRow, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (row, share) => {
      const recording = recordingOf(row[0]);
      const payloads = recording.payloads.slice(0, Math.floor(share * recording.payloads.length));
      const said = account(await replayed(row, { ...recording, payloads }));
      const all = await asRecorded(row, recording);
      for (const name of ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens', 'routescope.cost.total'])
        expect(Number(said[name] ?? 0)).toBeLessThanOrEqual(Number(all[name] ?? 0));
      const isWhole = said['gen_ai.usage.output_tokens'] === all['gen_ai.usage.output_tokens'];
      if (!isWhole) expect(said['routescope.usage.source']).not.toBe('provider');
    }),
    { numRuns: 60 },
  );
});
