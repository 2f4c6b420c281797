import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { score, shown } from './score.ts';
import { telemetryFailures } from './telemetry.ts';

const call = { id: '00f0', traceId: '0af7', sessionId: 's', tag: 't', tier: 'small', model: 'm', startedAt: 1 };
const bodies: unknown[] = [];
let statuses: number[] = [];
const server = createServer(async (request: IncomingMessage, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
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
