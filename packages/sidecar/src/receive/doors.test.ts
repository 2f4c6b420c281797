/** One request by every door: OTLP/HTTP as protobuf and JSON, plain, gzip and zstd, and OTLP/gRPC, into the tables. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sidecar, startSidecar } from '../pipeline.ts';
import { NotInflatable, TooLarge } from './body.ts';
import { requestFromJson } from './json.ts';
import { unzstd } from './zstd.ts';

const token = 'a-token-of-the-test';
const directory = mkdtempSync(join(tmpdir(), 'routescope-doors-'));
let sidecar: Sidecar;
let client: Client;
beforeAll(async () => {
  sidecar = await startSidecar({ dataDirectory: directory, port: 0, grpcPort: 0, token, lingerMs: 10 });
  client = new Client(`127.0.0.1:${sidecar.grpcPort}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await sidecar.close();
  rmSync(directory, { recursive: true, force: true });
});

const services = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
};

function call(signal: 'traces' | 'logs', body: Buffer, bearer = token): Promise<Buffer> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${bearer}`);
  return new Promise((done, failed) =>
    client.makeUnaryRequest(
      `/${services[signal]}/Export`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      body,
      metadata,
      (problem, answer) => (problem ? failed(problem) : done(answer as Buffer)),
    ),
  );
}

const post = (path: string, body: string | Uint8Array, headers: Record<string, string>): Promise<Response> =>
  fetch(new URL(path, sidecar.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-protobuf', ...headers },
    body: body as string,
  });
const rows = async (query: string): Promise<Record<string, unknown>[]> => {
  await sidecar.flush();
  return (await sidecar.engine.reader.query({ query, format: 'JSONEachRow' })).json();
};

/** A zstd frame of raw blocks: magic, descriptor, window of 1 KiB, then blocks of at most 1,000 bytes. */
function framed(body: Uint8Array): Buffer {
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00])];
  for (let at = 0; at === 0 || at < body.length; at += 1_000) {
    const block = body.subarray(at, at + 1_000);
    const header = (block.length << 3) | (at + 1_000 >= body.length ? 1 : 0);
    parts.push(Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16]), Buffer.from(block));
  }
  return Buffer.concat(parts);
}

const attribute = (key: string, value: object) => ({ key, value });
const resource = {
  attributes: [
    attribute('service.name', { stringValue: 'app' }),
    attribute('deployment.environment.name', { stringValue: 'test' }),
  ],
};

describe('the same spans', () => {
  const request = (traceId: string): string =>
    JSON.stringify({
      resourceSpans: [
        {
          resource,
          scopeSpans: [
            {
              scope: { name: 'scope', version: '1.2', attributes: [attribute('s', { intValue: 1 })] },
              spans: ['00000000000000a1', '00000000000000a2'].map((spanId, index) => ({
                traceId,
                spanId,
                parentSpanId: index ? '00000000000000a1' : '',
                traceState: 'ot=th:8',
                name: 'chat gpt-4o',
                kind: 3,
                startTimeUnixNano: '1795310500438000001',
                endTimeUnixNano: '1795310500438967849',
                attributes: [
                  attribute('gen_ai.operation.name', { stringValue: 'chat' }),
                  attribute('gen_ai.request.model', { stringValue: 'gpt-4o' }),
                  attribute('gen_ai.response.finish_reasons', { arrayValue: { values: [{ stringValue: 'stop' }] } }),
                  attribute('gen_ai.usage.input_tokens', { intValue: '9007199254740993' }),
                  attribute('gen_ai.input.messages', { stringValue: 'SECRET' }),
                  attribute('routescope.cost.total', { doubleValue: 0.25 }),
                  attribute('routescope.checked', { boolValue: false }),
                  attribute('negative', { intValue: -7 }),
                  attribute('empty', { stringValue: '' }),
                  attribute('nothing', {}),
                  attribute('bytes', { bytesValue: 'AQID' }),
                  attribute('pairs', { kvlistValue: { values: [attribute('a', { intValue: 1 })] } }),
                ],
                events: [{ timeUnixNano: '1795310500438000002', name: 'first token', attributes: [] }],
                links: [
                  { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes: [attribute('l', { intValue: 1 })] },
                ],
                status: { code: 2, message: 'rate limited' },
                flags: 257,
              })),
            },
          ],
        },
      ],
    });
  const doors: Record<string, (json: string) => Promise<unknown>> = {
    protobuf: (json) => post('/v1/traces', requestFromJson(json), {}),
    JSON: (json) => post('/v1/traces', json, { 'content-type': 'application/json' }),
    'gzip protobuf': (json) => post('/v1/traces', gzipSync(requestFromJson(json)), { 'content-encoding': 'gzip' }),
    'gzip JSON': (json) =>
      post('/v1/traces', gzipSync(json), { 'content-encoding': 'gzip', 'content-type': 'application/json' }),
    'zstd protobuf': (json) => post('/v1/traces', framed(requestFromJson(json)), { 'content-encoding': 'zstd' }),
    gRPC: (json) => call('traces', requestFromJson(json)),
  };

  test('give identical rows by every door', async () => {
    const traceIds = Object.keys(doors).map((_, index) => String(index + 1).repeat(32));
    for (const [index, send] of Object.values(doors).entries()) {
      const answer = await send(request(traceIds[index] as string));
      if (answer instanceof Response) expect(answer.status).toBe(200);
      else expect(answer).toEqual(Buffer.from(''));
    }
    for (const table of ['otel_traces', 'attempts', 'calls']) {
      const id = table === 'otel_traces' ? 'TraceId' : 'trace_id';
      const found = await rows(`SELECT * FROM routescope.${table} ORDER BY ALL`);
      const byTrace = traceIds.map((traceId) =>
        found.filter((row) => row[id] === traceId).map((row) => ({ ...row, [id]: '' })),
      );
      expect(byTrace[0]?.length).toBeGreaterThan(0);
      expect(JSON.stringify(found)).not.toContain('SECRET');
      for (const rowsOfDoor of byTrace) expect(rowsOfDoor).toEqual(byTrace[0]);
    }
  });
});

describe('an evaluation result', () => {
  const logs = (value: number, more: object = {}): string =>
    JSON.stringify({
      resourceLogs: [
        {
          resource,
          scopeLogs: [
            {
              scope: { name: 'judge' },
              logRecords: [
                {
                  timeUnixNano: '1795310600000000000',
                  traceId: 'd'.repeat(32),
                  spanId: 'e'.repeat(16),
                  eventName: 'gen_ai.evaluation.result',
                  attributes: [
                    attribute('gen_ai.evaluation.name', { stringValue: 'faithful' }),
                    attribute('gen_ai.evaluation.score.value', { doubleValue: value }),
                    attribute('gen_ai.evaluation.score.label', { stringValue: 'good' }),
                    attribute('gen_ai.evaluation.explanation', { stringValue: 'SECRET' }),
                    attribute('routescope.tag', { stringValue: 'draft' }),
                    attribute('routescope.call.id', { stringValue: 'f'.repeat(16) }),
                  ],
                },
                { eventName: 'app.started', body: { stringValue: 'SECRET' }, ...more },
              ],
            },
          ],
        },
      ],
    });

  test('becomes a score once, however often and by whatever door it comes; other logs are rejected', async () => {
    const json = await post('/v1/logs', logs(0.5), { 'content-type': 'application/json' });
    expect(await json.json()).toEqual({
      partialSuccess: {
        rejectedLogRecords: '1',
        errorMessage: expect.stringContaining('1 log records were rejected'),
      },
    });
    expect((await call('logs', requestFromJson(logs(0.5), 'logs')))[0]).toBe(0x0a);
    expect(await rows('SELECT * EXCEPT (score_id, correction) FROM routescope.scores')).toEqual([
      {
        environment: 'test',
        service: 'app',
        tag: 'draft',
        tier: '',
        model: '',
        session_id: '',
        trace_id: 'd'.repeat(32),
        call_id: 'f'.repeat(16),
        call_started_at: '2026-11-22 01:23:20.000000',
        name: 'faithful',
        value: 0.5,
        label: 'good',
        scorer: 'judge',
        explanation: '',
        scored_at: '2026-11-22 01:23:20.000000',
      },
    ]);
    const { received, duplicate, rejected, stored, queued, deadLettered } = sidecar.status();
    expect(received).toBe(stored + duplicate + rejected + queued + deadLettered);
    expect(duplicate).toBe(1);
  });
});

describe('over gRPC', () => {
  const refusal = async (body: Buffer, bearer?: string): Promise<ServiceError> =>
    call('traces', body, bearer).then(
      () => {
        throw new Error('it was taken');
      },
      (problem: ServiceError) => problem,
    );

  test('without the token: UNAUTHENTICATED; malformed: INVALID_ARGUMENT with the byte', async () => {
    expect((await refusal(Buffer.alloc(0), 'wrong')).code).toBe(status.UNAUTHENTICATED);
    expect(await refusal(Buffer.from('hello'))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/at byte \d+/),
    });
  });

  test('too large: RESOURCE_EXHAUSTED without a RetryInfo, so that it is not sent again', async () => {
    const problem = await refusal(Buffer.alloc(20 * 1024 * 1024 + 1));
    expect(problem.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(problem.metadata.get('grpc-status-details-bin')).toEqual([]);
  });
});

test('over HTTP without the token: 401 in the encoding of the request; probes need none', async () => {
  const refused = await post('/v1/traces', '{}', { authorization: 'Bearer wrong', 'content-type': 'application/json' });
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  expect(await refused.json()).toMatchObject({ code: 16 });
  expect((await fetch(new URL('/query', sidecar.url))).status).toBe(401);
  expect((await fetch(new URL('/livez', sidecar.url))).status).toBe(200);
});

test('while it stops gRPC says UNAVAILABLE with a RetryInfo of one second', async () => {
  const { startGrpcServer } = await import('./grpc.ts');
  const answer = { code: status.UNAVAILABLE, message: 'not on disk: ENOSPC' };
  const server = await startGrpcServer({
    receiver: {
      take: () => Promise.resolve(answer),
      hold: () => true,
      release: () => {},
      refuse: () => {},
      refusing: false,
    },
    limits: { bodyBytes: 1_000, inflatedBytes: 1_000, heldBytes: 1_000 },
    host: '127.0.0.1',
    port: 0,
    log: () => {},
  });
  const to = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const problem = await new Promise<ServiceError | null>((done) =>
    to.makeUnaryRequest(
      `/${services.traces}/Export`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.alloc(0),
      (refused) => done(refused),
    ),
  );
  expect(problem).toMatchObject({ code: status.UNAVAILABLE, details: answer.message });
  const details = problem?.metadata.get('grpc-status-details-bin')[0] as Buffer;
  expect(details.toString('latin1')).toContain('type.googleapis.com/google.rpc.RetryInfo');
  expect(details.subarray(-4)).toEqual(Buffer.from([0x0a, 0x02, 0x08, 0x01])); // RetryInfo { retry_delay { seconds: 1 } }
  to.close();
  await server.close();
});

describe('zstd', () => {
  const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[${Array.from(
    { length: 20 },
    (_, index) =>
      `{"traceId":"${'a'.repeat(32)}","spanId":"${(index + 1).toString(16).padStart(16, '0')}","name":"${'x'.repeat(40)}"}`,
  ).join(',')}]}]}]}`;
  // Of the zstd tool: level 19 with the size in the header, level 3 without it and without a checksum.
  const sized =
    'KLUv/WT0CD0EAPJEEhhwqw62AhblgqHahkKIQODx3HOOher/EALXXXcdWyqhlDR8CBODEABsqXPfvL0Vjj9P6JzfDot+TJcpX7092mvkafSjjKxNbwMboDDy1KM9A6AXpMU5c5qncoo5xdM5zek8zWlO52lO5zRP5zSneSqDVBEAJaj0pbwV0Hu1v21bcRGOpOktc2I=';
  const unsized =
    'KLUv/QBYnQQAQgUTGXBJdaaKso03IbnSUSRAAC6Q/ret8aj+DyG9evVK6JhiDsvUkIIA4DASOqS/uPoisp3clJaPT55XZ4PVhInnlB8L6tzyEVahwvHCxxoAAadkkF4GKcsgFRmkiEHKMkglg/QySFkGqWSQXgYpyyCVDNLLIGUZpJJBehmkLEMqCGDQAZSJk/cpweCatxQB4eYY';

  test('is inflated as the reference tool packed it, frame after frame', async () => {
    for (const packed of [sized, unsized]) {
      const bytes = Buffer.from(packed, 'base64');
      expect((await unzstd(bytes, 1_000_000)).toString()).toBe(text);
      expect((await unzstd(Buffer.concat([bytes, bytes]), 1_000_000)).toString()).toBe(text + text);
    }
  });

  test('is refused beyond the limit, before room is made for what it says, and when it is broken', async () => {
    const bytes = Buffer.from(sized, 'base64');
    await expect(unzstd(bytes, 1_000)).rejects.toThrow(TooLarge);
    const bomb = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]),
      ...Array.from({ length: 1_000 }, () => Buffer.from([0x02, 0x00, 0x10, 0x41])), // run-length blocks of 128 KiB
      Buffer.from([0x03, 0x00, 0x10, 0x41]),
    ]);
    await expect(unzstd(bomb, 1_000_000)).rejects.toThrow(TooLarge);
    for (let end = 1; end < bytes.length; end++)
      await expect(unzstd(bytes.subarray(0, end), 1_000_000)).rejects.toThrow(NotInflatable);
    await expect(unzstd(Buffer.from('no zstd at all'), 1_000_000)).rejects.toThrow(NotInflatable);
  });
});
