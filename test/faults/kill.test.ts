/** Whatever dies, what was acknowledged is in the tables exactly once. Real processes, real SIGKILL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { routedCalls } from '../bench/spans.ts';
import { type SidecarProcess, startSidecarProcess } from '../sidecar.ts';

let directory: string;
let running: SidecarProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'routescope-faults-'));
});
afterEach(async () => {
  await running?.stop('SIGKILL');
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function start(...more: string[]): Promise<SidecarProcess> {
  running = await startSidecarProcess(directory, more);
  return running;
}

async function send(sidecar: SidecarProcess, body: Uint8Array): Promise<number> {
  const answer = await fetch(`${sidecar.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.from(body),
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function rows(sidecar: SidecarProcess): Promise<Record<string, number>> {
  const client = createClient({ url: sidecar.url, pathname: '/query' });
  const count = async (table: string, what = 'count()'): Promise<number> => {
    const result = await client.query({
      query: `SELECT toUInt32(${what}) AS n FROM routescope.${table}`,
      format: 'JSONEachRow',
    });
    return ((await result.json()) as { n: number }[])[0]?.n ?? -1;
  };
  const counts = {
    spans: await count('otel_traces'),
    distinct: await count('otel_traces', 'uniqExact(TraceId, SpanId)'),
    attempts: await count('attempts'),
    calls: await count('calls'),
    inRollup: await count('calls_1m', 'sum(calls)'),
    attemptsInRollup: await count('attempts_1m', 'sum(attempts)'),
  };
  await client.close();
  return counts;
}

const all = (spans: number) => ({
  spans,
  distinct: spans,
  attempts: spans / 2,
  calls: spans / 2,
  inRollup: spans / 2,
  attemptsInRollup: spans / 2,
});

test('a span survives kill -9 of the sidecar right after its 200, and sent again it is stored once', async () => {
  const [body] = routedCalls(1) as [Uint8Array];
  const first = await start('--linger-ms', '3600000');
  expect(await send(first, body)).toBe(200);
  await first.stop('SIGKILL');

  const second = await start('--linger-ms', '50');
  expect(await send(second, body)).toBe(200);
  await second.stored(512);
  expect(await second.status()).toMatchObject({ recovered: 512, received: 512, duplicate: 512, spooled: 0, queued: 0 });
  expect(await rows(second)).toEqual(all(512));
});

test('kill -9 of the engine while it loads loses nothing, doubles nothing, and 200s go on', async () => {
  const bodies = routedCalls(30);
  const sidecar = await start('--linger-ms', '20');
  const engines = new Set<number>();
  for (const [index, body] of bodies.entries()) {
    expect(await send(sidecar, body)).toBe(200);
    if (index % 7 !== 3) continue;
    const isNew = (pid: number): boolean => pid > 0 && !engines.has(pid);
    await expect.poll(() => isNew(sidecar.enginePid())).toBe(true); // it was started again
    engines.add(sidecar.enginePid());
    process.kill(sidecar.enginePid(), 'SIGKILL');
  }
  await sidecar.stored(bodies.length * 512);
  expect(engines.size).toBeGreaterThan(1);
  expect(await rows(sidecar)).toEqual(all(bodies.length * 512));
});

test('kill -9 of the sidecar under load, again and again: every acknowledged span is there once', async () => {
  const bodies = routedCalls(24);
  for (let life = 0; life < 3; life++) {
    const sidecar = await start('--linger-ms', '20');
    const sending = bodies.slice(life * 8, life * 8 + 8).map((body) => send(sidecar, body));
    expect(await Promise.all(sending)).toEqual(Array(8).fill(200));
    await sidecar.stop('SIGKILL');
  }
  // The sender is unsure of all of it and sends everything again.
  const last = await start('--linger-ms', '20');
  for (const body of bodies) expect(await send(last, body)).toBe(200);
  await expect.poll(async () => (await last.status())['queued'], { timeout: 20_000 }).toBe(0);
  expect(await rows(last)).toEqual(all(bodies.length * 512));
});

test('while the engine hangs 200s go on; it is killed, and what was acknowledged is there once', async () => {
  const bodies = routedCalls(6);
  const sidecar = await start('--linger-ms', '20', '--engine-patience-ms', '2000');
  process.kill(sidecar.enginePid(), 'SIGSTOP');
  for (const body of bodies) expect(await send(sidecar, body)).toBe(200);
  await sidecar.stored(bodies.length * 512);
  expect(await rows(sidecar)).toEqual(all(bodies.length * 512));
  expect((await sidecar.status())['engineRestarts']).toBeGreaterThan(0);
});

test('stopped with SIGTERM it loads what it has; a second one on its directory is told to go away', async () => {
  const [body] = routedCalls(1) as [Uint8Array];
  const sidecar = await start('--linger-ms', '3600000');
  expect(await send(sidecar, body)).toBe(200);
  await expect(startSidecarProcess(directory)).rejects.toThrow('is in use by process');
  await sidecar.stop('SIGTERM');

  const again = await start();
  expect(await again.status()).toMatchObject({ recovered: 0, queued: 0 });
  expect(await rows(again)).toEqual(all(512));
});
