import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  Server as GrpcServer,
  Metadata,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Buffers } from '../receive/buffers.ts';
import { requestFromJson } from '../receive/json.ts';
import type { Signal } from '../receive/signal.ts';
import { statusWithRetry } from '../receive/status.ts';
import { walk } from '../receive/walk.ts';
import { bytesMatcher } from '../redact/match.ts';
import { Redactor } from '../redact/redactor.ts';
import { createSeen } from '../spool/seen.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { cert, key } from '../testing/certificate.ts';
import { openLink } from '../testing/link.ts';
import { Cursor } from '../wire.ts';
import { type Batch, batchesOf } from './batch.ts';
import { consumersOf, type ForwarderOptions, startForwarder } from './forward.ts';
import { type Answer, senderOf } from './send.ts';
import { type Target, targetOf } from './target.ts';

let directory: string;
let spool: Spool | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'routescope-forward-'));
});
afterEach(async () => {
  await spool?.close();
  spool = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const scope = { name: 'test', version: '1' };
/** One for all spans of a service, as in an app: an exporter groups by it. */
const resources = new Map<string, ReadableSpan['resource']>();

function span(service: string, name: string, attributes: Record<string, string> = {}): ReadableSpan {
  const resource = resources.get(service) ?? resourceFromAttributes({ 'service.name': service });
  resources.set(service, resource);
  return {
    name,
    kind: 2,
    spanContext: () => ({
      traceId: randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      traceFlags: 1,
    }),
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 5],
    duration: [1, 5],
    status: { code: 0 },
    attributes,
    links: [],
    events: [{ name: 'first token', time: [1_700_000_000, 1], attributes }],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  } as ReadableSpan;
}

/** The records that come of what an exporter sends. */
const recordsOf = (spans: readonly ReadableSpan[]): Buffer =>
  walked(ProtobufTraceSerializer.serializeRequest([...spans]) as Uint8Array);

function walked(request: Uint8Array, signal: Signal = 'traces'): Buffer {
  const { records } = walk(
    { buffer: Buffer.from(request), length: request.length },
    {
      signal,
      seen: createSeen(1_000),
      redact: new Redactor(),
      onCut: () => {},
      buffers: new Buffers(),
      receivedAtUnixNano: 1n,
    },
  );
  return Buffer.concat(records);
}

const never = new AbortController().signal;
const whole = { maxSpans: 1_000, maxBytes: 1_000_000 };

describe('batches', () => {
  test('hold what was received, grouped by resource again', () => {
    const records = recordsOf([span('a', 'one'), span('a', 'two'), span('b', 'three')]);
    const [batch] = [...batchesOf(records, whole)] as [Batch];
    expect(batch.spans).toBe(3);
    expect(walked(batch.body)).toEqual(records);
    const resources: string[] = [];
    const cursor = new Cursor(batch.body);
    for (let at = 0; at < batch.body.length; resources.push(batch.body.toString('latin1', cursor.start, at)))
      at = cursor.field(at, batch.body.length, 'request');
    expect(resources.map((each) => each.split('service.name').length - 1)).toEqual([1, 1]);
  });

  test('are bounded in spans and in bytes, and lose none', () => {
    const spans = Array.from({ length: 25 }, (_, index) => span('a', `span ${index}`));
    const records = recordsOf(spans);
    expect([...batchesOf(records, { ...whole, maxSpans: 10 })].map((batch) => batch.spans)).toEqual([10, 10, 5]);
    const small = [...batchesOf(records, { ...whole, maxBytes: 1_000 })];
    expect(small.reduce((sum, batch) => sum + batch.spans, 0)).toBe(25);
    expect(Math.max(...small.map((batch) => batch.body.length))).toBeLessThan(1_200);
  });

  test('leave out what the filter does not name', () => {
    const records = recordsOf([
      span('a', 'wanted', { 'routescope.tag': 'draft' }),
      span('a', 'other', { 'routescope.tag': 'rank' }),
      span('a', 'none'),
    ]);
    const found = [...batchesOf(records, { ...whole, only: { 'routescope.tag': ['draft', 'x'] } })];
    expect(found.map((batch) => batch.spans)).toEqual([1]);
    expect(found[0]?.body.includes('wanted')).toBe(true);
  });

  test("cut the target's own list from span, event and resource", () => {
    const records = recordsOf([span('secret-service', 'one', { 'user.id': 'alice', kept: 'yes' })]);
    const [batch] = [...batchesOf(records, { ...whole, cut: bytesMatcher(['user.', 'service.name']) })];
    for (const gone of ['alice', 'user.id', 'secret-service']) expect(batch?.body.includes(gone)).toBe(false);
    expect(batch?.body.includes('kept')).toBe(true);
  });
});

async function forwarding(
  target: Target,
  answers: (body: Buffer) => Answer | Promise<Answer>,
  more: Partial<ForwarderOptions> = {},
) {
  const waits: number[] = [];
  const said: string[] = [];
  const bodies: Buffer[] = [];
  const opened = await openSpool(join(directory, 'spool'), {
    consumers: [{ name: 'load' }, ...consumersOf([target], 1_000_000)],
  });
  spool = opened;
  const forwarder = startForwarder({
    spool: opened,
    targets: [target],
    log: (line) => said.push(line),
    sender: () => ({
      send: async (body) => {
        bodies.push(body);
        return answers(body);
      },
      close() {},
    }),
    wait: (ms) => {
      waits.push(ms);
      return new Promise((turn) => setImmediate(turn));
    },
    random: () => 1,
    ...more,
  });
  const append = async (spans: readonly ReadableSpan[]): Promise<void> => {
    await opened.append([recordsOf(spans)], spans.length);
    await opened.rotate();
  };
  return { spool: opened, forwarder, append, waits, said, bodies };
}

describe('forwarding', () => {
  const target = targetOf('http://jaeger:4318');

  test('waits longer each time, as long as it is told, says so once, and goes on', async () => {
    const answers: Answer[] = [
      { kind: 'retry', because: 'HTTP 503' },
      { kind: 'retry', because: 'HTTP 503', afterMs: 7_000 },
      { kind: 'retry', because: 'HTTP 503' },
      { kind: 'taken', rejected: 0 },
    ];
    const { forwarder, append, waits, said } = await forwarding(target, () => answers.shift() as Answer);
    await append([span('a', 'one'), span('a', 'two')]);
    await expect
      .poll(() => forwarder.status()[0])
      .toMatchObject({ stored: 2, queued: 0, retries: 3, problem: undefined });
    expect(waits).toEqual([500, 7_000, 2_000]);
    expect(said).toEqual([
      'forward target jaeger:4318 (http://jaeger:4318/v1/traces) gets nothing for now: HTTP 503',
      'forward target jaeger:4318 (http://jaeger:4318/v1/traces) takes spans again',
    ]);
    await forwarder.close();
  });

  test('what is refused for good is counted and passed over', async () => {
    const { forwarder, append, bodies } = await forwarding(target, (body) =>
      body.includes('bad') ? { kind: 'refused', because: 'HTTP 400' } : { kind: 'taken', rejected: 1 },
    );
    await append([span('a', 'bad')]);
    await append([span('a', 'good'), span('a', 'better')]);
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ stored: 1, rejected: 2, queued: 0 });
    expect(bodies).toHaveLength(2);
    await forwarder.close();
  });

  test('what is too large at once comes in halves, and less at a time from then on', async () => {
    const most = 3_000;
    const { forwarder, append, bodies, said } = await forwarding(target, (body) =>
      body.length > most ? { kind: 'too large', because: 'HTTP 413' } : { kind: 'taken', rejected: 0 },
    );
    const many = Array.from({ length: 1_500 }, (_, index) => span('a', `s${index} ${'x'.repeat(100)}`));
    await append([...many, span('a', 'y'.repeat(200), { 'routescope.tag': 'z'.repeat(most) })]);
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ stored: 1_500, rejected: 1, queued: 0, retries: 0 });
    const taken = bodies.filter(({ length }) => length <= most);
    expect(new Set(taken.flatMap((body) => body.toString('latin1').match(/s\d+ x/g) ?? [])).size).toBe(1_500);
    expect(said).toEqual([expect.stringMatching(/refuses spans for good: HTTP 413$/)]);
    const before = bodies.length;
    await append(many);
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ stored: 3_000 });
    expect(bodies.slice(before).filter(({ length }) => length > 70_000)).toEqual([]);
    await forwarder.close();
  });

  test('a reason to refuse is said once, and more spans than there were are not taken for rejected', async () => {
    const { forwarder, append, said } = await forwarding(target, (body) =>
      body.includes('odd')
        ? { kind: 'taken', rejected: 2 ** 63, because: 'one is odd' }
        : { kind: 'refused', because: 'HTTP 401' },
    );
    for (const name of ['a', 'b', 'odd', 'odd', 'c']) await append([span('a', name)]);
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ stored: 0, rejected: 5, queued: 0 });
    expect(said.map((line) => line.replace(/.*traces\) /, ''))).toEqual([
      'refuses spans for good: HTTP 401',
      'refuses some spans: one is odd',
      'refuses spans for good: HTTP 401',
    ]);
    await forwarder.close();
  });

  test('a target that is down holds up only itself: the others are loaded, and it begins where it was after a restart', async () => {
    const first = await forwarding(target, () => ({ kind: 'retry', because: 'ECONNREFUSED' }));
    await first.append([span('a', 'one')]);
    await first.spool.consumed('load', 1);
    expect(first.spool.lag('load').spans).toBe(0);
    await first.forwarder.close(0);
    await first.spool.close();
    const second = await forwarding(target, () => ({ kind: 'taken', rejected: 0 }));
    await expect.poll(() => second.forwarder.status()[0]).toMatchObject({ stored: 1, queued: 0 });
    expect(second.bodies[0]?.includes('one')).toBe(true);
    await second.forwarder.close();
  });

  test('what a target did not take for longer than the bound it misses, counted, and goes on with what is younger', async () => {
    let now = Date.now();
    let isDown = true;
    const { forwarder, append, bodies, said } = await forwarding(
      target,
      (body) =>
        isDown && body.includes('old') ? { kind: 'retry', because: 'HTTP 503' } : { kind: 'taken', rejected: 0 },
      { maxAgeMs: 3_600_000, now: () => now },
    );
    await append([span('a', 'old'), span('a', 'older')]);
    await expect.poll(() => forwarder.status()[0]?.retries).toBeGreaterThan(2);
    expect(forwarder.status()[0]).toMatchObject({ expired: 0, queued: 2 });
    now += 3_700_000;
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ expired: 2, queued: 0, stored: 0 });
    expect(said.at(-1)).toMatch(/misses 2 spans: it has not taken them since 20/);
    isDown = false;
    now = Date.now();
    await append([span('a', 'young')]);
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ stored: 1, expired: 2, queued: 0 });
    expect(bodies.at(-1)?.includes('young')).toBe(true);
    await forwarder.close();
  });

  test('a disk that does not take the note of what was sent is waited for; each span is counted once', async () => {
    const { spool: opened, forwarder, append, said } = await forwarding(target, () => ({ kind: 'taken', rejected: 0 }));
    const { consumed } = opened;
    let failures = 2;
    (opened as { consumed: typeof consumed }).consumed = async (...given) => {
      if (failures-- > 0) throw new Error('ENOSPC: no space left on device');
      return consumed(...given);
    };
    await append([span('a', 'one'), span('a', 'two')]);
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ stored: 2, queued: 0, retries: 2 });
    expect(said[0]).toContain('segment 1 cannot be read, or noted as sent: ENOSPC');
    await forwarder.close();
  });

  test('what it missed while it was sent is missed, and not sent as well', async () => {
    const {
      spool: opened,
      forwarder,
      append,
    } = await forwarding(target, async () => {
      if (opened.pending(consumersOf([target], 1)[0]?.name as string).length === 1) {
        for (let more = 0; more < 3; more++) {
          await opened.append([randomBytes(500_000)], 1); // far behind now
          await opened.rotate();
        }
      }
      return { kind: 'taken', rejected: 0 };
    });
    await append([span('a', 'one'), span('a', 'two')]);
    await expect.poll(() => forwarder.status()[0]).toMatchObject({ queued: 0, stored: 0 });
    const { skipped, filtered } = forwarder.status()[0] as { skipped: number; filtered: number };
    expect(skipped + filtered).toBe(5);
    expect(skipped).toBeGreaterThanOrEqual(2);
    await forwarder.close();
  });

  test('two of one name are refused', () => {
    expect(() => consumersOf([target, target], 1)).toThrow('two forward targets are called "jaeger:4318"');
  });
});

describe('over the wire', () => {
  let http: Server;
  let got: { body: Buffer; headers: IncomingHttpHeaders; path: string | undefined }[] = [];
  beforeEach(async () => {
    got = [];
    http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        got.push({ body: gunzipSync(Buffer.concat(chunks)), headers: request.headers, path: request.url });
        response.end(Buffer.from([0x0a, 0x02, 0x08, 0x01])); // partial_success { rejected_spans: 1 }
      });
    });
    await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  });
  afterEach(() => new Promise((closed) => http.close(closed)));

  const forwardTo = async (
    target: Target,
    records = recordsOf([span('a', 'one'), span('a', 'two')]),
    spans = 2,
  ): Promise<{ status: () => unknown; close: () => Promise<void>; records: Buffer }> => {
    const opened = await openSpool(join(directory, 'spool'), {
      consumers: [{ name: 'load' }, ...consumersOf([target], 1_000_000)],
    });
    spool = opened;
    const forwarder = startForwarder({ spool: opened, targets: [target], log: () => {} });
    await opened.append([records], spans);
    await opened.rotate();
    return { status: () => forwarder.status()[0], close: () => forwarder.close(), records };
  };

  test('HTTP: the bytes arrive as an exporter would send them, with headers; partial success is counted', async () => {
    const { port } = http.address() as AddressInfo;
    const {
      status: now,
      close,
      records,
    } = await forwardTo(targetOf({ url: `http://user:pass%21@127.0.0.1:${port}`, headers: { 'x-key': 'k' } }));
    await expect.poll(now).toMatchObject({ stored: 1, rejected: 1, queued: 0 });
    expect(walked(got[0]?.body as Buffer)).toEqual(records);
    expect(got[0]?.path).toBe('/v1/traces');
    expect(got[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-key': 'k',
      authorization: `Basic ${Buffer.from('user:pass!').toString('base64')}`,
    });
    await close();
  });

  test('evaluation results go to the log records of a target that wants them, filtered and cut like spans', async () => {
    const { port } = http.address() as AddressInfo;
    const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const result = (tag: string) => ({
      eventName: 'gen_ai.evaluation.result',
      timeUnixNano: '1700000000000000000',
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      attributes: [text('gen_ai.evaluation.name', 'faithful'), text('routescope.tag', tag), text('user.id', 'alice')],
    });
    const json = JSON.stringify({
      resourceLogs: [
        { resource: {}, scopeLogs: [{ scope: { name: 's' }, logRecords: [result('draft'), result('other')] }] },
      ],
    });
    const logs = walked(requestFromJson(json, 'logs'), 'logs');
    const wants = {
      url: `http://127.0.0.1:${port}`,
      only: { 'routescope.tag': ['draft'] },
      cut: ['user.'],
      logs: true,
    };
    const { status: now, close } = await forwardTo(targetOf(wants), logs);
    await expect.poll(now).toMatchObject({ rejected: 1, filtered: 1, queued: 0 }); // as this receiver answers
    expect(got.map(({ path }) => path)).toEqual(['/v1/logs']);
    const body = got[0]?.body as Buffer;
    for (const there of ['faithful', 'draft']) expect(body.includes(there)).toBe(true);
    for (const gone of ['alice', 'other']) expect(body.includes(gone)).toBe(false);
    const again = walked(body, 'logs'); // as a receiver reads it
    expect(again.includes('gen_ai.evaluation.result')).toBe(true);
    await close();
  });

  test('evaluation results are left out for a target that says nothing of them', async () => {
    const { port } = http.address() as AddressInfo;
    const json = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"gen_ai.evaluation.result","traceId":"${'a'.repeat(32)}","spanId":"${'b'.repeat(16)}"}]}]}]}`;
    const { status: now, close } = await forwardTo(
      targetOf(`http://127.0.0.1:${port}`),
      walked(requestFromJson(json, 'logs'), 'logs'),
      1,
    );
    await expect.poll(now).toMatchObject({ stored: 0, filtered: 1, queued: 0 });
    expect(got).toEqual([]);
    await close();
  });

  test('gRPC: the same bytes; UNAVAILABLE is tried again, RESOURCE_EXHAUSTED only when it says when', async () => {
    const bodies: Buffer[] = [];
    const answers: { code: number; afterSeconds?: number }[] = [
      { code: status.UNAVAILABLE },
      { code: status.RESOURCE_EXHAUSTED, afterSeconds: 1 },
    ];
    const grpc = await listening((call, done) => {
      bodies.push(call.request);
      const answer = answers.shift();
      if (!answer) return done(null, Buffer.alloc(0));
      const metadata = new Metadata();
      if (answer.afterSeconds !== undefined)
        metadata.set('grpc-status-details-bin', statusWithRetry(answer.code, 'later', answer.afterSeconds));
      done({ code: answer.code, details: 'later', metadata });
    });
    const { port } = grpc;
    const { status: now, close, records } = await forwardTo(targetOf(`grpc://127.0.0.1:${port}`));
    await expect.poll(now, { timeout: 10_000 }).toMatchObject({ stored: 2, queued: 0, retries: 2 });
    expect(walked(bodies[2] as Buffer)).toEqual(records);
    await close();

    // Too large without a time to come again: it would hold up the target for ever.
    answers.push({ code: status.RESOURCE_EXHAUSTED });
    await spool?.close();
    const second = await forwardTo(targetOf(`grpc://127.0.0.1:${port}`));
    await expect.poll(second.status, { timeout: 10_000 }).toMatchObject({ rejected: 2, queued: 0, retries: 0 });
    await second.close();
    grpc.close();
  });

  test.each(['http', 'grpc'])('%s: after a connection that fell silent the next one is a new one', async (protocol) => {
    const grpc = await listening((_, done) => done(null, Buffer.alloc(0)));
    const link = await openLink(protocol === 'grpc' ? grpc.port : (http.address() as AddressInfo).port);
    const sender = senderOf(targetOf(`${protocol}://127.0.0.1:${link.port}`), 500);
    const send = async (): Promise<string> => (await sender.send(Buffer.alloc(0), 'traces', never)).kind;
    expect(await send()).toBe('taken');
    await link.set('silent');
    expect(await send()).toBe('retry');
    await link.set('good');
    expect(await send()).toBe('taken');
    sender.close();
    await link.close();
    grpc.close();
  });
});

describe('an answer of HTTP', () => {
  let http: Server;
  let answer: (response: ServerResponse) => void;
  beforeEach(async () => {
    http = createServer((request, response) => {
      request.resume();
      request.on('end', () => answer(response));
    });
    await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  });
  afterEach(() => {
    http.closeAllConnections();
    http.close();
  });
  const ask = (stopped = never): Promise<Answer> =>
    senderOf(targetOf(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)).send(
      Buffer.alloc(0),
      'traces',
      stopped,
    );
  const says = (status: number, headers: Record<string, string> = {}) => {
    answer = (response) => response.writeHead(status, headers).end();
    return ask();
  };

  test('says when to come again, in seconds or as a date', async () => {
    expect(await says(429, { 'retry-after': '120' })).toEqual({ kind: 'retry', because: 'HTTP 429', afterMs: 120_000 });
    const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
    const { afterMs } = (await says(503, { 'retry-after': inTwoMinutes })) as { afterMs: number };
    expect(afterMs).toBeGreaterThan(100_000);
    expect(afterMs).toBeLessThanOrEqual(120_000);
    for (const nonsense of ['soon', '-3', new Date(0).toUTCString()])
      expect(await says(503, { 'retry-after': nonsense })).toEqual({ kind: 'retry', because: 'HTTP 503' });
  });

  test('that sends one on is not followed: what it got might have been keys', async () => {
    expect(await says(308, { location: 'https://user:word@elsewhere:4318/v1/traces?key=secret' })).toEqual({
      kind: 'retry',
      because:
        'HTTP 308: it sends one on to https://elsewhere:4318/v1/traces; name that address, if it is the right one',
    });
    expect(await says(302)).toMatchObject({ kind: 'retry', because: expect.stringContaining('somewhere else') });
  });

  test('means what OTLP says it means', async () => {
    for (const status of [502, 503, 504]) expect((await says(status)).kind).toBe('retry');
    for (const status of [400, 401, 403, 404, 500, 501]) expect((await says(status)).kind).toBe('refused');
    expect((await says(413)).kind).toBe('too large');
  });

  test('that never ends is not read to its end', async () => {
    let written = 0;
    answer = (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16 * 1024))) written++;
        response.once('drain', more);
      };
      more();
    };
    expect(await ask()).toEqual({ kind: 'taken', rejected: 0 });
    expect(written).toBeLessThan(2_000);
  });

  test('that does not come is not waited for when one is to stop', async () => {
    answer = () => {};
    const stop = new AbortController();
    const asking = ask(stop.signal);
    stop.abort();
    expect(await asking).toEqual({ kind: 'retry', because: 'stopped before it answered' });
  });
});

test('over gRPC one that does not answer is not waited for when one is to stop', async () => {
  const grpc = await listening(() => {});
  const stop = new AbortController();
  const sender = senderOf(targetOf(`grpc://127.0.0.1:${grpc.port}`));
  const asking = sender.send(Buffer.alloc(0), 'traces', stop.signal);
  stop.abort();
  expect((await asking).kind).toBe('retry');
  sender.close();
  grpc.close();
});

test.each([
  ['https', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['grpcs', /^gRPC UNAVAILABLE: .*self-signed certificate/],
])('%s: a certificate nobody trusts is said, and waited to be put right', async (protocol, because) => {
  const grpc = await listening(
    (_, done) => done(null, Buffer.alloc(0)),
    ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }]),
  );
  const https = createTlsServer({ cert, key }, (_, response) => response.end());
  await new Promise<void>((bound) => https.listen(0, '127.0.0.1', bound));
  const port = protocol === 'grpcs' ? grpc.port : (https.address() as AddressInfo).port;
  const sender = senderOf(targetOf(`${protocol}://localhost:${port}`), 5_000);
  const answer = await sender.send(Buffer.alloc(0), 'traces', never);
  expect(answer).toMatchObject({ kind: 'retry', because: expect.stringMatching(because) });
  sender.close();
  grpc.close();
  https.close();
});

/** A receiver of OTLP over gRPC. */
async function listening(
  take: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => void,
  safety = ServerCredentials.createInsecure(),
): Promise<{ readonly port: number; close(): void }> {
  const asItIs = (bytes: Buffer): Buffer => bytes;
  const server = new GrpcServer();
  server.addService(
    {
      take: {
        path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        requestStream: false,
        responseStream: false,
        requestSerialize: asItIs,
        requestDeserialize: asItIs,
        responseSerialize: asItIs,
        responseDeserialize: asItIs,
      },
    },
    { take },
  );
  const port = await new Promise<number>((bound, failed) =>
    server.bindAsync('127.0.0.1:0', safety, (problem, at) => (problem ? failed(problem) : bound(at))),
  );
  return { port, close: () => server.forceShutdown() };
}

describe('a target as it is written', () => {
  test.each([
    ['jaeger:4318', 'needs a url'],
    [{ url: 'http://a:1', only: 'x' }, 'only: expected an object from attribute'],
    [{ url: 'http://a:1', headers: { a: 1 } }, 'headers: expected an object of strings'],
    [{ url: 'http://a:1', name: 'with space' }, 'name: expected up to 64'],
    [{ url: 'http://a:1', logs: 'yes' }, 'logs: expected true or false'],
    [{ url: 'http://a:1/ingest', logs: true }, 'its url must end with /v1/traces'],
    [{ url: 'http://a:1', filter: {} }, '"filter" is not known'],
    [
      { url: 'http://u:50%off@a:1' },
      'forward target http://a:1: in its user or password a percent sign is written %25',
    ],
    [{ url: 'http://a:1', headers: { 'x key': 'k' } }, 'headers: "x key" cannot be sent'],
    [{ url: 'grpc://a:1', headers: { 'key-bin': 'k' } }, 'headers: "key-bin" cannot be sent'],
  ])('%j is refused with a sentence', (given, says) => {
    expect(() => targetOf(given as never)).toThrow(says);
  });

  test('a password is in no sentence', () => {
    expect(() => targetOf({ url: 'http://user:hunter2@a:1', gzip: 3 })).toThrow(/^(?!.*hunter2)/s);
    expect(targetOf('http://user:hunter2@a:1').name).toBe('a:1');
    for (const value of ['hunter2\nx', 'hunter2…'])
      expect(() => targetOf({ url: 'http://a:1', headers: { authorization: value } })).toThrow(
        /^(?!.*hunter2).*"authorization" cannot be sent/s,
      );
  });
});
