import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Redactor } from '../redact/redactor.ts';
import { createSeen } from '../spool/seen.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { defaultLimits } from './body.ts';
import { Buffers } from './buffers.ts';
import { createCounters, type ReceiveCounters } from './counters.ts';
import { createHttpEndpoint } from './http.ts';
import { requestFromJson } from './json.ts';
import { createReceiver, type Receiver } from './receiver.ts';

let directory: string;
let spool: Spool;
let counters: ReceiveCounters;
let receiver: Receiver;
let server: Server;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'routescope-receive-'));
  spool = await openSpool(directory, { consumers: [{ name: 'load' }] });
  counters = createCounters();
  const limits = { ...defaultLimits, bodyBytes: 10_000, inflatedBytes: 50_000 };
  const buffers = new Buffers();
  receiver = createReceiver({
    spool,
    seen: createSeen(1000),
    counters,
    redact: new Redactor(),
    buffers,
    limits,
    now: () => 5n,
  });
  const endpoints = {
    '/v1/traces': createHttpEndpoint('traces', { receiver, buffers, limits }),
    '/v1/logs': createHttpEndpoint('logs', { receiver, buffers, limits }),
  };
  server = createServer((asked, response) => void endpoints[asked.url as keyof typeof endpoints](asked, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await spool.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

function post(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  method = 'POST',
  path = '/v1/traces',
): Promise<Answer> {
  return new Promise((done, failed) => {
    const { port } = server.address() as AddressInfo;
    request(
      {
        port,
        host: '127.0.0.1',
        path,
        method,
        headers: { 'content-type': 'application/x-protobuf', ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'],
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    )
      .on('error', failed)
      .end(body);
  });
}

const json = { 'content-type': 'application/json; charset=utf-8' };
const spansAs = (...ids: string[]): string =>
  JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ spans: ids.map((spanId) => ({ traceId: 'a'.repeat(32), spanId, name: 'x' })) }] }],
  });

/** google.rpc.Status: field 1 varint, field 2 text. */
function rpcStatus({ body }: Answer): { code: number; message: string } {
  expect(body[0]).toBe(0x08);
  expect(body[2]).toBe(0x12);
  const long = (body[3] as number) >= 0x80;
  return { code: body[1] as number, message: body.subarray(long ? 5 : 4).toString() };
}

describe('a good request', () => {
  test('is answered with nothing at all in protobuf, with {} in JSON, and is on disk', async () => {
    expect(await post(requestFromJson(spansAs('1'.repeat(16))))).toMatchObject({
      status: 200,
      type: 'application/x-protobuf',
      body: Buffer.from(''),
    });
    expect(await post(spansAs('2'.repeat(16)), json)).toMatchObject({
      status: 200,
      type: 'application/json',
      body: Buffer.from('{}'),
    });
    expect(spool.lag('load').spans).toBe(2);
    expect(counters).toMatchObject({ received: 2, spooled: 2 });
  });

  test('may be gzip, and may be empty', async () => {
    expect((await post(gzipSync(spansAs('1'.repeat(16))), { ...json, 'content-encoding': 'gzip' })).status).toBe(200);
    expect((await post('')).status).toBe(200);
    expect(spool.lag('load').spans).toBe(1);
  });

  test('with bad spans among good ones is partly accepted', async () => {
    const answer = await post(spansAs('1'.repeat(16), '0'.repeat(16), '22'), json);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({
      partialSuccess: {
        rejectedSpans: '2',
        errorMessage: '2 spans were rejected, the first because its span_id is all zero',
      },
    });
    expect(counters).toMatchObject({ received: 3, rejected: 2, spooled: 1 });
    const binary = await post(requestFromJson(spansAs('0'.repeat(16))));
    expect([...binary.body.subarray(0, 4)]).toEqual([0x0a, binary.body.length - 2, 0x08, 1]);
  });

  test('sent again is acknowledged and stored once', async () => {
    for (let time = 0; time < 3; time++) expect((await post(spansAs('1'.repeat(16)), json)).status).toBe(200);
    expect(spool.lag('load').spans).toBe(1);
    expect(counters).toMatchObject({ received: 3, duplicate: 2, spooled: 1 });
  });
});

describe('a bad request is told what is wrong, and the next good one is taken', () => {
  afterEach(async () => {
    expect((await post(spansAs('f'.repeat(16)), json)).status).toBe(200);
  });

  test('malformed protobuf: 400 with the byte', async () => {
    const answer = await post('hello');
    expect(answer).toMatchObject({ status: 400, type: 'application/x-protobuf' });
    expect(rpcStatus(answer)).toEqual({ code: 3, message: expect.stringMatching(/ at byte \d+: /) });
    expect(counters.malformedRequests).toBe(1);
  });

  test('malformed JSON: 400 with the path, in JSON', async () => {
    const answer = await post('{"resourceSpans":[1]}', json);
    expect(answer).toMatchObject({ status: 400, type: 'application/json' });
    expect(JSON.parse(answer.body.toString())).toEqual({ code: 3, message: '$.resourceSpans[0]: expected an object' });
  });

  test('not gzip though it says so: 400', async () => {
    expect(rpcStatus(await post('hello', { 'content-encoding': 'gzip' })).message).toContain(
      'says it is gzip and is not',
    );
  });

  test('too large: 413, before it is read, while it is read, and when it is inflated', async () => {
    const announced = await post(Buffer.alloc(10_001));
    expect(announced.status).toBe(413);
    expect(rpcStatus(announced)).toEqual({ code: 8, message: 'the body has 10001 bytes, at most 10000 are taken' });
    expect((await post(Buffer.alloc(10_001), { 'transfer-encoding': 'chunked' })).status).toBe(413);
    const bomb = await post(gzipSync(Buffer.alloc(5_000_000)), { 'content-encoding': 'gzip' });
    expect(rpcStatus(bomb)).toEqual({ code: 8, message: 'the body inflates to more than 50000 bytes' });
  });

  test('a type or an encoding that is not spoken: 415', async () => {
    const answer = await post('x', { 'content-type': 'text/plain' });
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      code: 3,
      message: expect.stringContaining('expected application/x-protobuf'),
    });
    expect((await post('x', { 'content-encoding': 'br' })).status).toBe(415);
  });

  test('another method: 405', async () => {
    expect(await post('', {}, 'GET')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });
});

test('when the spool cannot take it the sender is told to come again, and the same spans are taken then', async () => {
  const append = spool.append;
  spool.append = () => Promise.reject(new Error('ENOSPC: no space left on device'));
  const refused = await post(spansAs('1'.repeat(16)), json);
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(JSON.parse(refused.body.toString()).message).toContain('send it again');
  spool.append = append;
  expect((await post(spansAs('1'.repeat(16)), json)).status).toBe(200);
  expect(counters).toMatchObject({ received: 1, duplicate: 0, spooled: 1, refused: 1 });
});

test('more bodies at once than may be held are told to come again, and what they held is free again', async () => {
  expect(receiver.hold(defaultLimits.heldBytes)).toBe(true);
  expect(await post(spansAs('1'.repeat(16)), json)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  receiver.release(defaultLimits.heldBytes);
  expect((await post(spansAs('1'.repeat(16)), json)).status).toBe(200);
  expect(receiver.hold(defaultLimits.heldBytes)).toBe(true); // nothing is left of the two requests
});

test('while it stops it takes nothing more', async () => {
  receiver.refuse();
  expect(await post(spansAs('1'.repeat(16)), json)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
});
