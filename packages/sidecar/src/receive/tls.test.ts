/** Both doors with TLS. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Redactor } from '../redact/redactor.ts';
import { createHttpServer, type Routes } from '../server.ts';
import { openSeen } from '../spool/seen.ts';
import { openSpool, type Spool } from '../spool/spool.ts';
import { cert, key } from '../testing/certificate.ts';
import { defaultLimits } from './body.ts';
import { Buffers } from './buffers.ts';
import { createCounters } from './counters.ts';
import { type GrpcServer, startGrpcServer } from './grpc.ts';
import { createHttpEndpoint } from './http.ts';
import { requestFromJson } from './json.ts';
import { createReceiver } from './receiver.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-tls-'));
const counters = createCounters();
let spool: Spool;
let http: ReturnType<typeof createHttpServer>;
let grpc: GrpcServer;

beforeAll(async () => {
  spool = await openSpool(directory, { consumers: [{ name: 'load' }] });
  const buffers = new Buffers();
  const limits = defaultLimits;
  const redact = new Redactor();
  const receiver = createReceiver({
    spool,
    seen: await openSeen(spool, 1_000),
    counters,
    redact,
    buffers,
    limits,
    now: () => 1n,
  });
  const traces = createHttpEndpoint('traces', { receiver, buffers, limits });
  http = createHttpServer({ traces } as unknown as Routes, { log: () => {}, tls: { cert, key } });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  grpc = await startGrpcServer({ receiver, limits, host: '127.0.0.1', port: 0, tls: { cert, key }, log: () => {} });
});
afterAll(async () => {
  await grpc.close();
  await new Promise((closed) => http.close(closed));
  await spool.close();
  rmSync(directory, { recursive: true, force: true });
});

const body = (spanId: string): Buffer =>
  requestFromJson(
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'a'.repeat(32), spanId, name: 'x' }] }] }] }),
  );

test('OTLP/HTTP and OTLP/gRPC are taken over TLS', async () => {
  const { port } = http.address() as AddressInfo;
  const status = await new Promise((done, failed) =>
    request(
      { port, path: '/v1/traces', method: 'POST', ca: cert, headers: { 'content-type': 'application/x-protobuf' } },
      (response) => done(response.resume().statusCode),
    )
      .on('error', failed)
      .end(body('1'.repeat(16))),
  );
  expect(status).toBe(200);
  const client = new Client(`localhost:${grpc.port}`, credentials.createSsl(cert));
  const answer = await new Promise((done, failed) =>
    client.makeUnaryRequest(
      '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      body('2'.repeat(16)),
      (problem, said) => (problem ? failed(problem) : done(said)),
    ),
  );
  client.close();
  expect(answer).toEqual(Buffer.from(''));
  expect(counters).toMatchObject({ received: 2, spooled: 2 });
});
