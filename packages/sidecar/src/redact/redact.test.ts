/** Content by every name and in every place goes in; a search of everything that comes out finds none of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { targetOf } from '../forward/target.ts';
import { type Sidecar, startSidecar } from '../pipeline.ts';
import { requestFromJson } from '../receive/json.ts';
import { delimited } from '../receive/records.ts';
import { contentNames } from './names.ts';
import { Redactor } from './redactor.ts';

const secret = 'xyzzy-plugh';
const directory = mkdtempSync(join(tmpdir(), 'routescope-redact-'));
const forwarded: Buffer[] = [];
const logged: string[] = [];
let target: Server;
let sidecar: Sidecar;

beforeAll(async () => {
  target = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      forwarded.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
      response.end();
    });
  });
  await new Promise<void>((listening) => target.listen(0, '127.0.0.1', listening));
  sidecar = await startSidecar({
    dataDirectory: directory,
    port: 0,
    lingerMs: 10,
    forward: [targetOf(`http://127.0.0.1:${(target.address() as AddressInfo).port}`)],
    log: (line) => logged.push(line),
  });
});
afterAll(async () => {
  await sidecar.close();
  await new Promise((closed) => target.close(closed));
  rmSync(directory, { recursive: true, force: true });
});

type Value = Record<string, unknown>;
const text = (stringValue: string): Value => ({ stringValue });
const pairs = (values: Record<string, Value>): Value => ({
  kvlistValue: { values: Object.entries(values).map(([key, value]) => ({ key, value })) },
});
const list = (...values: Value[]): Value => ({ arrayValue: { values } });

/** As each instrumentation sends it, by reference of its own documentation. */
const dialects: Record<string, Record<string, Value>> = {
  'GenAI conventions': {
    'gen_ai.input.messages': text(`[{"role":"user","parts":[{"type":"text","content":"${secret}"}]}]`),
    'gen_ai.output.messages': list(pairs({ role: text('assistant'), parts: list(pairs({ content: text(secret) })) })),
    'gen_ai.system_instructions': text(`[{"type":"text","content":"${secret}"}]`),
    'gen_ai.tool.definitions': text(`[{"type":"function","name":"${secret}"}]`),
    'gen_ai.tool.call.arguments': pairs({ city: text(secret) }),
    'gen_ai.tool.call.result': text(secret),
    'gen_ai.retrieval.query.text': text(secret),
    'gen_ai.evaluation.explanation': text(secret),
  },
  'older GenAI': {
    'gen_ai.prompt': text(secret),
    'gen_ai.completion': text(secret),
    'gen_ai.choice': text(secret),
    'gen_ai.prompt.0.role': text(secret),
    'gen_ai.prompt.12.content': text(secret),
    'gen_ai.completion.0.tool_calls.0.arguments': text(secret),
  },
  OpenInference: {
    'input.value': text(secret),
    'output.value': text(secret),
    'llm.input_messages.0.message.content': text(secret),
    'llm.output_messages.3.message.tool_calls.0.tool_call.function.arguments': text(secret),
    'llm.prompts': list(text(secret)),
    'llm.prompts.0.prompt.text': text(secret),
    'llm.prompt_template.variables': text(`{"name":"${secret}"}`),
    'retrieval.documents.0.document.content': text(secret),
    'reranker.query': text(secret),
    'embedding.embeddings.0.embedding.text': text(secret),
    'tool.parameters': text(secret),
  },
  OpenLLMetry: {
    'traceloop.entity.input': text(`{"args":["${secret}"]}`),
    'traceloop.entity.output': text(secret),
    'traceloop.prompt.template_variables.name': text(secret),
    'llm.request.functions.0.description': text(secret),
  },
  'Vercel AI SDK': {
    'ai.prompt': text(`{"prompt":"${secret}"}`),
    'ai.prompt.messages': text(secret),
    'ai.prompt.tools': list(text(secret)),
    'ai.response.text': text(secret),
    'ai.response.object': text(secret),
    'ai.response.toolCalls': text(secret),
    'ai.response.reasoning': text(secret),
    'ai.toolCall.args': text(secret),
    'ai.toolCall.result': text(secret),
    'ai.values': list(text(secret)),
  },
  Langfuse: {
    'langfuse.observation.input': text(secret),
    'langfuse.observation.output': text(secret),
    'langfuse.trace.input': text(secret),
    'langfuse.trace.output': text(secret),
  },
  LiteLLM: {
    'llm.openai.messages': text(`[{'role': 'user', 'content': '${secret}'}]`),
    'llm.anthropic.system': text(secret),
  },
  errors: {
    'exception.message': text(`could not parse: ${secret}`),
    'exception.stacktrace': text(`Error: ${secret}\n    at parse (a.js:1:1)`),
  },
  'a name nobody knows': {
    'app.long': text(`${'lorem-ipsum-'.repeat(30)}${secret}`),
    'app.words': text(`could you please tell me what the weather is going to be like in the city of ${secret} today`),
    'app.wide': text(`${'請總結以下的電子郵件並用中文回答'.repeat(2)}${secret}`),
    'app.json': text(`{"messages": [{"role": "user", "content": "${secret}"}]}`),
    'app.escaped': text(JSON.stringify(JSON.stringify({ role: 'user', content: secret }))),
    'app.python': text(`[{'role': 'user', 'content': '${secret}'}]`),
    'app.list': list(text('a'), text(`{"role":"user","content":"${secret}"}`)),
    'app.pairs': pairs({ role: text('user'), content: text(secret) }),
    'app.deep': pairs({ a: pairs({ b: list(pairs({ 'gen_ai.prompt': text(secret) })) }) }),
    'app.bytes': { bytesValue: Buffer.from(`{"role":"user","content":"${secret}"}`).toString('base64') },
    [`app.${secret}.${'n'.repeat(130)}`]: text('a name may be content too'),
  },
  'a shape that is not plain JSON': {
    'app.letters': text(`{"\\u0072ole":"user","\\u0063ontent":"${secret}"}`),
    'app.inspected': text(`[ { role: 'user', content: '${secret}' } ]`),
    'app.tuple': text(`({'role': 'user', 'content': '${secret}'},)`),
    'app.marked': text(`\ufeff{"content":"${secret}"}`),
    'app.behind': text(`the model was asked with these: {"content":"${secret}"}`),
    'app.snake': text(`{"system_prompt":"${secret}"}`),
    'app.camel': text(`{"userMessage":"${secret}"}`),
    'app.nested': text(`{"kwargs":{"a":"${secret}"}}`),
    'app.number-first': text(`{"content":"1 ${secret}"}`),
    'app.number-bare': text(`{content:1 ${secret}}`),
    'app.key': pairs({ [`${'please tell me what the weather is '.repeat(4)}${secret}`]: text('x') }),
    'app.key-of-map': pairs({ generated_text: text(secret) }),
    'service.name': text(`{"messages":[{"role":"user","content":"${secret}"}]}`),
    'routescope.tag': text(`[{"role":"user","content":"${secret}"}]`),
    message: text(secret),
    system_prompt: text(secret),
  },
};

const attributesOf = (values: Record<string, Value>) => Object.entries(values).map(([key, value]) => ({ key, value }));
let spans = 0;
const span = (more: object) => ({
  traceId: 'a1'.repeat(16),
  spanId: (++spans).toString(16).padStart(16, '0'),
  name: 'chat m',
  startTimeUnixNano: '1795310500000000000',
  endTimeUnixNano: '1795310501000000000',
  ...more,
});
const request = (parts: { resource?: object; scope?: object; span?: object }) => ({
  resourceSpans: [
    {
      resource: { attributes: [], ...parts.resource },
      scopeSpans: [{ scope: { name: 's', ...parts.scope }, spans: [span(parts.span ?? {})] }],
    },
  ],
});
const everywhere = (values: Record<string, Value>) => {
  const attributes = attributesOf(values);
  return [
    request({ span: { attributes } }),
    request({ span: { events: [{ name: 'e', attributes }] } }),
    request({ span: { links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes }] } }),
    request({ resource: { attributes } }),
    request({ scope: { attributes } }),
  ];
};

async function send(path: string, body: string | Uint8Array, type: string): Promise<Response> {
  return fetch(new URL(path, sidecar.url), {
    method: 'POST',
    headers: { 'content-type': type },
    body: body as string,
  });
}

async function placesOf(wanted: string): Promise<string[]> {
  await sidecar.flush();
  const places: string[] = [];
  const search = (place: string, bytes: Buffer | string): void => {
    if (bytes.includes(wanted)) places.push(place);
  };
  for (const name of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (name.isFile()) search(name.name, readFileSync(join(name.parentPath, name.name)));
  const ask = async (query: string): Promise<string> =>
    (await sidecar.engine.writer.query({ query, format: 'JSONEachRow' })).text();
  const tables = (
    await ask("SELECT name FROM system.tables WHERE database = 'routescope' AND engine LIKE '%MergeTree'")
  )
    .trim()
    .split('\n')
    .map((row) => (JSON.parse(row) as { name: string }).name);
  expect(tables).toContain('otel_traces');
  for (const name of tables) search(`table ${name}`, await ask(`SELECT * FROM routescope.${name}`));
  search('forwarded', Buffer.concat(forwarded));
  search('log', logged.join('\n'));
  search('status', JSON.stringify(sidecar.status()));
  return places;
}

describe('content leaves no trace', () => {
  test.each(Object.entries(dialects))(
    'of %s, on span, event, link, resource and scope, in protobuf and JSON',
    async (_, values) => {
      const before = sidecar.status().spooled;
      for (const body of everywhere(values)) {
        expect(JSON.stringify(body).includes(secret) || JSON.stringify(body).includes('eHl6')).toBe(true);
        const json = JSON.stringify(body);
        expect((await send('/v1/traces', json, 'application/json')).status).toBe(200);
        const again = json.replace(/"spanId":"0/, '"spanId":"1'); // another span, so that it is not a duplicate
        expect((await send('/v1/traces', requestFromJson(again), 'application/x-protobuf')).status).toBe(200);
      }
      expect(sidecar.status().spooled - before).toBe(10);
    },
  );

  test('of status messages, names, log bodies and refused requests', async () => {
    const long = `${'word '.repeat(20)}${secret}`;
    const bodies = [
      request({ span: { status: { code: 2, message: `Type validation failed: Value: {"a":"${secret}"}` } } }),
      request({ span: { status: { code: 2, message: `no "${secret}" please` } } }),
      request({ span: { status: { code: 2, message: `${'x'.repeat(101)} ${secret}` } } }),
      request({ span: { name: long } }),
      request({ span: { events: [{ name: long }] } }),
      request({ span: { traceState: `a=${'x'.repeat(250)}${secret}` } }),
      request({ span: { links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceState: long }] } }),
      request({ scope: { name: long, version: long } }),
    ];
    for (const body of bodies) await send('/v1/traces', JSON.stringify(body), 'application/json');
    const logs = {
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  eventName: long,
                  severityText: long,
                  body: pairs({ role: text('user'), content: text(secret) }),
                  attributes: attributesOf({
                    'event.name': text('gen_ai.evaluation.result'),
                    'gen_ai.evaluation.name': text('n'),
                    'gen_ai.evaluation.explanation': text(secret),
                  }),
                },
                { eventName: 'gen_ai.user.message', body: text(secret) },
              ],
            },
          ],
        },
      ],
    };
    expect((await send('/v1/logs', JSON.stringify(logs), 'application/json')).status).toBe(200);
    const refusals = [
      await send('/v1/traces', `{"resourceSpans": ${secret}`, 'application/json'),
      await send('/v1/traces', `{"resourceSpans": [{"scopeSpans": "${secret}"}]}`, 'application/json'),
      await send(
        '/v1/traces',
        `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"${secret}"}]}]}]}`,
        'application/json',
      ),
      await send('/v1/traces', Buffer.from(`\x0a\xff${secret}`, 'latin1'), 'application/x-protobuf'),
    ];
    for (const refused of refusals) {
      expect(refused.status).toBe(400);
      expect(await refused.text()).not.toContain(secret);
    }
  });

  test('of fields that a later protocol may have, wherever they stand', async () => {
    const tagged = (number: number, ...parts: (string | Buffer)[]): Buffer => {
      const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
      return delimited((number << 3) | 2, content);
    };
    const unknown = Buffer.concat([Buffer.from([0xfa, 0x01, secret.length]), Buffer.from(secret)]); // field 31
    const key = tagged(1, 'app.plain');
    const ids = [tagged(1, Buffer.alloc(16, 7)), tagged(2, Buffer.alloc(8, 7))];
    const inside = {
      'a span': [unknown],
      'an attribute': [tagged(9, key, tagged(2, tagged(1, 'x')), unknown)],
      'a value': [tagged(9, key, tagged(2, unknown))],
      'a list': [tagged(9, key, tagged(2, tagged(5, tagged(1, unknown))))],
      'a map': [tagged(9, key, tagged(2, tagged(6, tagged(1, tagged(1, 'a'), unknown))))],
      'an event': [tagged(11, tagged(2, 'e'), unknown)],
      'a link': [tagged(13, ...ids, unknown)],
      'a status': [tagged(15, Buffer.from([0x18, 2]), unknown)],
    };
    let number = 0;
    for (const [where, fields] of Object.entries(inside)) {
      const own = [tagged(1, Buffer.alloc(16, 9)), tagged(2, Buffer.alloc(8, ++number))];
      const body = tagged(
        1,
        tagged(1, unknown),
        tagged(2, tagged(1, tagged(1, 's'), unknown), tagged(2, ...own, ...fields)),
      );
      expect([where, (await send('/v1/traces', body, 'application/x-protobuf')).status]).toEqual([where, 200]);
    }
    expect(sidecar.status().cutAttributes['(a field that is not known)']).toBeGreaterThan(16);
  });

  test('in spool, tables, forwards, logs or errors', { timeout: 120_000 }, async () => {
    await sidecar.flush();
    await expect.poll(() => Buffer.concat(forwarded).toString('latin1').split('chat m').length).toBeGreaterThan(90);
    expect(await placesOf(secret)).toEqual([]);
    // The search itself finds what is kept.
    expect(await placesOf('chat m')).toEqual(expect.arrayContaining(['table otel_traces', 'forwarded']));
    const { cutAttributes } = sidecar.status();
    expect(Object.values(cutAttributes).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(400);
    expect(cutAttributes['app.words']).toBe(10);
  });
});

describe('the look', () => {
  const judge = (key: string, value: Value, redactor = new Redactor()): string | undefined => {
    const body = requestFromJson(JSON.stringify(request({ span: { attributes: [{ key, value }] } })));
    // KeyValue: tag, length, key, tag, length, AnyValue
    const at = body.indexOf(key);
    const lengthBytes = (body[at + Buffer.byteLength(key) + 1] as number) < 0x80 ? 1 : 2;
    const start = at + Buffer.byteLength(key) + 1 + lengthBytes;
    const length =
      lengthBytes === 1
        ? (body[start - 1] as number)
        : (body[start - 2] as number) - 128 + (body[start - 1] as number) * 128;
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    return redactor.attribute(body, view, at, at + Buffer.byteLength(key), start, start + length);
  };

  test.each([
    ['service.version', text('1.4.0')],
    ['gen_ai.request.model', text('gpt-4o-2024-11-20')],
    ['gen_ai.prompt.name', text('summary')],
    ['gen_ai.prompt.version', text('3')],
    ['gen_ai.response.finish_reasons', list(text('stop'))],
    ['user_agent.original', text(`Mozilla/5.0 (${'x86 '.repeat(30)})`)],
    ['process.command_line', text('node '.repeat(100))],
    ['langfuse.observation.usage_details', text('{"input":12,"output":30,"total":42}')],
    ['ai.response.providerMetadata', text('{"openai":{"acceptedPredictionTokens":0}}')],
    ['http.url', text('https://api.openai.com/v1/chat/completions')],
    ['app.user', text('42')],
    ['app.flags', list(text('a'), text('b'))],
    ['app.number', { intValue: 7 }],
    ['app.nothing', {}],
    ['app.counts', text('{"input":12,"messages":3,"prompt_tokens":4}')],
    ['app.state', text('{"ok":true,"has_content":false,"content_type":"text/plain"}')],
    ['app.braces', text('a template {name} of forty-eight bytes and a few more')],
    ['app.map', pairs({ region: text('eu'), zone: text('a') })],
  ])('lets %s be', (key, value) => {
    expect(judge(key, value)).toBeUndefined();
  });

  test('of configuration: denied goes, allowed stays, and denied wins', () => {
    const redactor = new Redactor({
      allow: ['input.value', 'app.', 'status.message'],
      deny: ['app.secret', 'user.id'],
    });
    expect(judge('input.value', text('kept'), redactor)).toBeUndefined();
    expect(judge('app.long', text('word '.repeat(100)), redactor)).toBeUndefined();
    expect(judge('app.secret', text('x'), redactor)).toBe('app.secret');
    expect(judge('user.id', text('x'), redactor)).toBe('user.id');
    expect(judge('output.value', text('x'), redactor)).toBe('output.value');
    expect(redactor.statusBytes(Buffer.from('a: b'), 0, 4)).toBe(4);
  });

  test('tells names that differ only in their last bytes, or are prefixes of each other', () => {
    const redactor = new Redactor({ deny: ['abcdefgh1', 'abc', 'ab', 'a'] });
    for (let round = 0; round < 3; round++) {
      const said = ['abcdefgh1', 'abcdefgh2', 'abcdefgh', 'abcd', 'abc', 'ab', 'a', 'b'].map((key) =>
        judge(key, text('x'), redactor),
      );
      expect(said).toEqual(['abcdefgh1', undefined, undefined, undefined, 'abc', 'ab', 'a', undefined]);
    }
  });

  test('knows every listed name, and goes on knowing it when thousands of others came between', () => {
    const redactor = new Redactor();
    const names = contentNames.map((name) => name.replace('#', '7').replace('*', 'openai').replace(/\.$/, '.x'));
    for (let round = 0; round < 2; round++) {
      for (const name of names) expect([name, judge(name, text('x'), redactor)]).toEqual([name, expect.any(String)]);
      for (let index = 0; index < 5_000; index++) judge(`app.attribute.${round}.n${index}`, text('x'), redactor);
    }
  });
});
