import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../cli/doctor.ts';
import { type Sidecar, type SidecarStatus, startSidecar } from '../pipeline.ts';
import { identityOf } from '../process.ts';
import { clock, disk, ledger } from './checks.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-doctor-'));
let sidecar: Sidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ dataDirectory: directory, port: 0, grpcPort: 0, lingerMs: 20 });
});
afterAll(async () => {
  await sidecar.close();
  rmSync(directory, { recursive: true, force: true });
});

const health = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await examine(sidecar.url, undefined, directory)).map((check) => [check.name, check.health]));

/** A call span and its attempt, `sequence` and the next; without `call`, the attempt alone. */
async function send(sequence: number, { call = true, minutesAgo = 10 } = {}): Promise<void> {
  const began = BigInt(Date.now() - minutesAgo * 60_000) * 1_000_000n;
  const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const int = (key: string, intValue: number) => ({ key, value: { intValue } });
  const span = (id: number, attributes: object[]) => ({
    traceId: hex(sequence + 1, 32),
    spanId: hex(id, 16),
    name: 'x',
    kind: 3,
    startTimeUnixNano: String(began),
    endTimeUnixNano: String(began + 1_000_000n),
    attributes: [text('routescope.tag', 'a'), text('routescope.emitter.id', 'e'), ...attributes],
  });
  const callId = sequence * 10 + 1;
  const spans = [
    span(callId + 1, [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.request.model', 'm'),
      text('routescope.call.id', hex(callId, 16)),
      int('routescope.emitter.sequence', sequence),
    ]),
    ...(call
      ? [
          span(callId, [
            int('routescope.attempt.count', 1),
            { key: 'routescope.cost.total', value: { doubleValue: 0.1 } },
            { key: 'routescope.checked', value: { boolValue: true } },
            int('routescope.emitter.sequence', sequence + 1),
          ]),
        ]
      : []),
  ];
  const answer = await fetch(`${sidecar.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  });
  expect(answer.status).toBe(200);
}

test('an empty store is healthy and waits for its first call; then everything is looked at', async () => {
  expect(await health()).toMatchObject({ port: 'ok', engine: 'ok', schema: 'ok', ledger: 'ok', 'last span': 'warn' });

  await send(1);
  await send(3);
  await sidecar.flush();
  expect(await health()).toEqual({
    port: 'ok',
    'gRPC port': 'ok',
    clock: 'ok',
    disk: expect.any(String),
    engine: 'ok',
    ledger: 'ok',
    schema: 'ok',
    'last span': 'ok',
    sampling: 'ok',
    'attempts without a call': 'ok',
    tagged: 'ok',
    checked: 'ok',
    priced: 'ok',
    gaps: 'ok',
  });
});

test('a lost span leaves a gap, an attempt whose process died has no call', async () => {
  await send(9, { call: false });
  await sidecar.flush();
  const checks = await examine(sidecar.url, undefined, directory);
  expect(checks.find(({ name }) => name === 'gaps')).toMatchObject({
    health: 'warn',
    says: expect.stringMatching(/^4 spans/),
  });
  expect(checks.find(({ name }) => name === 'attempts without a call')).toMatchObject({
    health: 'warn',
    says: expect.stringMatching(/^1 of 3/),
  });
});

test('where nothing listens, or something else does, the port says so', async () => {
  const other = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  expect((await examine(url, undefined, directory))[0]?.says).toContain('something else listens there');
  await new Promise((closed) => other.close(closed));
  const checks = await examine(url, undefined, join(directory, 'nowhere'));
  expect(checks.map(({ health }) => health)).toEqual(['fail', 'skipped']);
  expect(checks[0]?.says).toContain("start one with 'routescope serve'");
});

test('a directory whose sidecar is gone says what stands in it', async () => {
  const dead = join(directory, 'dead');
  const spool = join(dead, 'spool');
  mkdirSync(spool, { recursive: true });
  mkdirSync(join(dead, 'dead-letter'));
  const look = async () =>
    (await examine('http://127.0.0.1:1', undefined, dead))
      .slice(2)
      .map(({ name, health, says }) => `${health} ${name}: ${says.replaceAll(dead, '')}`);
  expect(await look()).toEqual(['ok waiting: nothing in /spool waits to be loaded']);

  writeFileSync(join(spool, '00000000000000000007.seg'), Buffer.alloc(2 ** 20));
  writeFileSync(join(spool, '00000000000000000008.seg'), Buffer.alloc(2 ** 20));
  writeFileSync(join(spool, 'load.cursor'), '7');
  writeFileSync(join(spool, 'lock.3'), identityOf(process.pid));
  writeFileSync(join(dead, 'dead-letter', 'a.seg'), '');
  writeFileSync(join(dead, 'dead-letter', 'a.json'), '{"spans":3}');
  for (const mark of ['move.json', 'restoring']) writeFileSync(join(dead, mark), '{}');
  expect(await look()).toEqual([
    "fail data: the history in  is half moved to a server: finish with 'routescope move'",
    "fail data: half of a backup is in : put it back once more, with the same 'routescope restore'",
    `warn owner: process ${process.pid} has /spool: it is starting, or listens elsewhere (name where with --url), or hangs`,
    "warn waiting: 1.0 MiB in /spool wait to be loaded: they are when 'routescope serve' runs",
    "warn set aside: 3 spans are in /dead-letter: see why there, then 'routescope replay'",
  ]);

  writeFileSync(join(spool, 'load.cursor'), 'x');
  expect((await look())[3]).toMatch(/^fail spool: .*load\.cursor does not hold a segment number/);
});

describe('the checks', () => {
  const status = {
    received: 10,
    recovered: 2,
    duplicate: 1,
    rejected: 1,
    stored: 6,
    queued: 1,
    deadLettered: 2,
    diverted: 1,
    expired: 0,
    refused: 0,
    dropped: [],
    forward: [],
  } as unknown as SidecarStatus;

  test('the ledger adds up, or says what is missing', () => {
    expect(ledger(status)[0]).toMatchObject({ name: 'ledger', health: 'ok' });
    expect(ledger({ ...status, stored: 5 })[0]).toMatchObject({
      health: 'fail',
      says: expect.stringContaining('1 spans are not accounted for'),
    });
  });

  test('what was refused, set aside, dropped or missed by a target is said', () => {
    const troubled = {
      ...status,
      refused: 5,
      stored: 2,
      expired: 4,
      dropped: [{ table: 'otel_traces', because: 'cap', rows: 7 }],
      forward: [
        {
          name: 'jaeger',
          stored: 1,
          queued: 2,
          rejected: 0,
          skipped: 3,
          expired: 0,
          filtered: 0,
          retries: 1,
          problem: 'refused',
        },
      ],
    } as unknown as SidecarStatus;
    expect(ledger(troubled).map(({ name, health: state }) => [name, state])).toEqual([
      ['ledger', 'ok'],
      ['refused', 'warn'],
      ['expired', 'warn'],
      ['set aside', 'warn'],
      ['dropped', 'warn'],
      ['forward jaeger', 'warn'],
    ]);
  });

  test.each([
    [100 * 1024 ** 2, 1024 ** 4, 'fail'],
    [1024 ** 3, 1024 ** 4, 'warn'],
    [500 * 1024 ** 3, 1024 ** 4, 'ok'],
  ])('%d bytes free of %d: %s', (free, total, expected) => {
    expect(disk('/data', free, total).health).toBe(expected);
  });

  test('clocks that are apart are said', () => {
    expect(clock(-20).health).toBe('warn');
    expect(clock(1).health).toBe('ok');
    expect(clock(undefined).health).toBe('skipped');
  });
});
