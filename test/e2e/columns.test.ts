/** From an answer to a row: what a span says of usage, cost and its emitter stands in the columns of its words. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { createClient } from '@clickhouse/client';
import { observe, withTag } from '@routescope/sdk';
import { start } from '@routescope/sdk/node';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Json, ownFixtures } from '../provider/fixtures.ts';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-columns-'));
let sidecar: SidecarProcess;
beforeAll(async () => {
  sidecar = await startSidecarProcess(directory, ['--linger-ms', '50']);
});
afterAll(async () => {
  await sidecar.stop('SIGTERM');
  rmSync(directory, { recursive: true, force: true });
});

const messages = [{ role: 'user' as const, content: 'SECRET' }];
const answering = (body: string, type = 'application/json') => ({
  apiKey: 'k',
  maxRetries: 0,
  fetch: async () => new Response(body, { headers: { 'content-type': type } }),
});

test('tiers, nested inferences, searches, modalities, what is missing, and a sequence without a gap', async () => {
  const telemetry = start({ serviceName: 'columns', endpoint: sidecar.url, exitTimeoutMs: 30_000 });
  const advisor = readFileSync(
    join(ownFixtures, 'providers/anthropic/anthropic-advisor-20250301.1.chunks.txt'),
    'utf8',
  );
  const events = advisor
    .trim()
    .split('\n')
    .map((line): Json => JSON.parse(line));
  const sse = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  const search = readFileSync(join(ownFixtures, 'providers/anthropic/anthropic-web-search-tool.1.json'), 'utf8');
  const chat = JSON.stringify({
    id: 'a',
    model: 'gpt-4o',
    service_tier: 'priority',
    choices: [{ index: 0, finish_reason: 'stop', message: { content: 'y' } }],
    usage: { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { audio_tokens: 4 } },
  });

  const streaming = observe(new Anthropic(answering(sse, 'text/event-stream')));
  await withTag('advice', async () => {
    const stream = await streaming.messages.create({ model: 'asked-for', max_tokens: 8, messages, stream: true });
    for await (const _ of stream);
  });
  const searching = observe(new Anthropic(answering(search)));
  await withTag('search', () => searching.messages.create({ model: 'asked-for', max_tokens: 8, messages }));
  await withTag('listen', () =>
    observe(new OpenAI(answering(chat))).chat.completions.create({ model: 'gpt-4o', messages }),
  );
  await telemetry.shutdown();
  await sidecar.stored(3);

  const client = createClient({ url: sidecar.url, pathname: '/query' });
  const rows = await client.query({
    query: `SELECT tag, service_tier, toUInt32(nested_input_tokens) AS nested_in, toUInt32(nested_output_tokens) AS nested_out,
        toString(nested_cost_usd) AS nested, toUInt32(web_searches) AS searches, toString(tools_cost_usd) AS tools,
        toUInt32(audio_input_tokens) AS audio, toString(cost_usd) AS cost, cost_status, cost_missing
      FROM routescope.attempts ORDER BY tag`,
    format: 'JSONEachRow',
  });
  expect(await rows.json()).toEqual([
    {
      tag: 'advice',
      service_tier: 'standard',
      nested_in: 2_728,
      nested_out: 3_880,
      nested: '0.11064',
      searches: null,
      tools: null,
      audio: null,
      cost: '0.175686',
      cost_status: 'priced',
      cost_missing: [],
    },
    {
      tag: 'listen',
      service_tier: 'priority',
      nested_in: null,
      nested_out: null,
      nested: null,
      searches: null,
      tools: null,
      audio: 4,
      cost: '0.0000425',
      cost_status: 'partial',
      cost_missing: ['audioInput'],
    },
    {
      tag: 'search',
      service_tier: 'standard',
      nested_in: null,
      nested_out: null,
      nested: null,
      searches: 2,
      tools: '0.02',
      audio: null,
      cost: '0.110354',
      cost_status: 'priced',
      cost_missing: [],
    },
  ]);
  const sequence = await client.query({
    query: `SELECT toUInt32(uniqExact(emitter_id)) AS emitters, toUInt32(max(emitter_sequence)) AS last,
        toUInt32(uniqExact(emitter_sequence)) AS arrived FROM routescope.attempts`,
    format: 'JSONEachRow',
  });
  expect(await sequence.json()).toEqual([{ emitters: 1, last: 3, arrived: 3 }]);
  await client.close();
});
