import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Context, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { score, shown } from './score.ts';
import { setSidecar } from './sidecar.ts';
import { telemetryFailures } from './telemetry.ts';

const call = { id: '00f0', traceId: '0af7', sessionId: 's', tag: 't', tier: 'small', model: 'm', startedAt: 1 };
const bodies: unknown[] = [];
const authorizations: (string | undefined)[] = [];
let statuses: number[] = [];
const server = createServer(async (request: IncomingMessage, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  authorizations.push(request.headers.authorization);
  bodies.push(JSON.parse(Buffer.concat(parts).toString()));
  response.writeHead(statuses.shift() ?? 200).end();
});
let endpoint: string;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  bodies.length = 0;
  statuses = [];
});

test('a score is sent with the call it is about; shown() is one too', async () => {
  const clock = (): number => 42;
  expect(await score(call, { name: 'helpful', value: 0.9, by: 'judge-2' }, { endpoint, clock })).toBe(true);
  expect(await shown(call, { endpoint, clock })).toBe(true);
  expect(bodies).toEqual([
    { scores: [{ call, name: 'helpful', value: 0.9, by: 'judge-2', at: 42 }] },
    { scores: [{ call, name: 'shown', value: 1, by: 'app', at: 42 }] },
  ]);
});

test('the token goes to the sidecar it is of, and to no other', async () => {
  setSidecar({ endpoint, token: 'its own' });
  authorizations.length = 0;
  await score(call, { name: 'helpful', value: 1 });
  await score(call, { name: 'helpful', value: 1 }, { endpoint, token: 'given' });
  await score(call, { name: 'helpful', value: 1 }, { endpoint: `${endpoint}/` });
  setSidecar({ endpoint });
  await score(call, { name: 'helpful', value: 1 });
  expect(authorizations).toEqual(['Bearer its own', 'Bearer given', undefined, undefined]);
});

test('a sidecar that is busy is asked again; one that refuses is not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  statuses = [503, 429];
  const asked = score(call, { name: 'helpful', value: 1 }, { endpoint });
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bodies).toHaveLength(3);
  });
  vi.useRealTimers();
  expect(await asked).toBe(true);

  bodies.length = 0;
  statuses = [400];
  const before = telemetryFailures();
  expect(await score(call, { name: '', value: 1 }, { endpoint })).toBe(false);
  expect(bodies).toHaveLength(1);
  expect(telemetryFailures()).toBe(before + 1);
});

test('a call may be named by its id; a correction stays here unless it is sent on purpose', async () => {
  const clock = (): number => 42;
  const override = { name: 'human_override', value: 1, id: 'f1', correction: 'SECRET' };
  await score('00f0', override, { endpoint, clock });
  await score('00f0', override, { endpoint, clock, sendCorrection: true });
  expect(bodies).toEqual([
    { scores: [{ call: { id: '00f0' }, name: 'human_override', value: 1, id: 'f1', at: 42 }] },
    { scores: [{ call: { id: '00f0' }, name: 'human_override', value: 1, id: 'f1', correction: 'SECRET', at: 42 }] },
  ]);
});

test('an app with log records has each score as gen_ai.evaluation.result, below the call’s span', async () => {
  const records: Record<string, unknown>[] = [];
  const key = Symbol.for('io.opentelemetry.js.api.logs');
  const held = globalThis as Record<symbol, unknown>;
  held[key] = () => ({ getLogger: () => ({ emit: (record: Record<string, unknown>) => void records.push(record) }) });
  try {
    const whole = { ...call, id: 'b'.repeat(16), traceId: 'a'.repeat(32) };
    await score(
      whole,
      { name: 'helpful', value: true, by: 'judge', correction: 'SECRET' },
      { endpoint, clock: () => 42 },
    );
  } finally {
    delete held[key];
  }
  expect(records).toMatchObject([
    {
      eventName: 'gen_ai.evaluation.result',
      attributes: {
        'gen_ai.evaluation.name': 'helpful',
        'gen_ai.evaluation.score.value': 1,
        'routescope.call.id': 'b'.repeat(16),
        'routescope.scorer': 'judge',
        'routescope.tag': 't',
      },
    },
  ]);
  const { context: parent } = records[0] as { context: Context };
  expect(trace.getSpanContext(parent)).toMatchObject({ spanId: 'b'.repeat(16), traceId: 'a'.repeat(32) });
  expect(JSON.stringify(records)).not.toContain('SECRET');
});
