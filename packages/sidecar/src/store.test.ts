import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openServer } from './engine/server.ts';
import { insertIntoServer } from './load/insert.ts';
import { type Sidecar, startSidecar } from './pipeline.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-store-'));
let there: TestServer;
const said: string[] = [];
beforeAll(async () => {
  there = await startTestServer(process.env);
});
afterAll(async () => {
  await there.close();
  rmSync(directory, { recursive: true, force: true });
});

const sidecarIn = (name: string): Promise<Sidecar> =>
  startSidecar({
    dataDirectory: join(directory, name),
    port: 0,
    lingerMs: 10,
    server: there.server,
    layout: there.layout,
    log: (line) => said.push(line),
  });

/** One call of one attempt per number. */
async function send(url: string, numbers: readonly number[]): Promise<void> {
  const now = Date.now() * 1e6;
  const spans = numbers.map((number) => ({
    traceId: number.toString(16).padStart(32, '0'),
    spanId: number.toString(16).padStart(16, '0'),
    name: 'chat m',
    kind: 3,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 1e9),
    attributes: [
      { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
      { key: 'gen_ai.request.model', value: { stringValue: 'm' } },
      { key: 'routescope.tag', value: { stringValue: 'draft' } },
    ],
  }));
  const answer = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  });
  expect(answer.status).toBe(200);
}

async function counted(): Promise<Record<string, number>> {
  const engine = await openServer(there.server);
  const result = await engine.reader.query({
    query:
      'SELECT toUInt32((SELECT count() FROM routescope.otel_traces)) AS spans, toUInt32((SELECT count() FROM routescope.attempts)) AS attempts, toUInt32((SELECT count() FROM routescope.calls)) AS calls, toUInt32((SELECT sum(calls) FROM routescope.calls_1m)) AS minutes',
    format: 'JSONEachRow',
  });
  const rows = await result.json<Record<string, number>>();
  await engine.close();
  return rows[0] as Record<string, number>;
}
const each = (count: number) => ({ spans: count, attempts: count, calls: count, minutes: count });

test('two sidecars load one server, and every span is there once', { timeout: 60_000 }, async () => {
  const [one, two] = [await sidecarIn('one'), await sidecarIn('two')];
  try {
    await Promise.all([send(one.url, [1, 2, 3]), send(two.url, [4, 5])]);
    await Promise.all([one.flush(), two.flush()]);
    await send(two.url, [6]);
    await two.flush();
    expect(await counted()).toEqual(each(6));
    const asked = await fetch(`${one.url}/query?default_format=JSONEachRow`, {
      method: 'POST',
      body: 'SELECT sum(calls) AS n FROM routescope.calls_1m',
    });
    expect(Number(((await asked.json()) as { n: string }).n)).toBe(6);
    const refused = await fetch(`${one.url}/query?readonly=0`, { method: 'POST', body: 'SELECT 1' });
    expect(refused.status).toBe(400);
    const score = { call: { id: 'c', startedAt: Date.now(), tag: 'draft' }, name: 'helpful', value: 1, at: Date.now() };
    const scored = await fetch(`${one.url}/v1/scores`, { method: 'POST', body: JSON.stringify({ scores: [score] }) });
    expect(scored.status).toBe(200);
    const shown = await Promise.all(['/status', '/metrics'].map(async (path) => (await fetch(one.url + path)).text()));
    expect([...shown, ...said].join('\n')).not.toContain(there.server.password);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
  expect(existsSync(join(directory, 'one', 'engine'))).toBe(false);
});

test('two sidecars whose server goes away under them, again and again, load it all once', {
  timeout: 120_000,
}, async () => {
  const before = (await counted())['spans'] as number;
  const [one, two] = [await sidecarIn('one'), await sidecarIn('two')];
  let number = 1_000;
  try {
    for (let round = 0; round < 6; round++) {
      for (let times = 0; times < 4; times++)
        await Promise.all([one, two].map(({ url }) => send(url, [number++, number++])));
      await there.link.set('refused');
      await Promise.all([one, two].map(({ url }) => send(url, [number++])));
      await there.link.set('good');
    }
    await Promise.all([one.flush(), two.flush()]);
    expect(await counted()).toEqual(each(before + number - 1_000));
    for (const { status } of [one, two]) expect(status()).toMatchObject({ queued: 0, deadLettered: 0 });
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

test('the same segment handed over twice adds nothing', { timeout: 60_000 }, async () => {
  const before = await counted();
  const sidecar = await sidecarIn('three');
  await send(sidecar.url, [7, 8]);
  await sidecar.flush();
  await sidecar.close();
  const spool = join(directory, 'three', 'spool');
  const id = readFileSync(join(spool, 'id'), 'utf8').trim();
  const engine = await openServer(there.server);
  await (await insertIntoServer(engine.writer))(join(spool, `${'1'.padStart(20, '0')}.seg`), `${id}/1`);
  await engine.close();
  expect(await counted()).toEqual(each((before['spans'] as number) + 2));
});

test('a half moved history is not served from this machine', async () => {
  const half = mkdtempSync(join(directory, 'half-'));
  writeFileSync(join(half, 'move.json'), '{}');
  await expect(startSidecar({ dataDirectory: half, port: 0 })).rejects.toThrow("finish with 'routescope move'");
});

test('the command line shows its password nowhere', { timeout: 60_000 }, async () => {
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [main, 'serve', '--port', '0', '--data', join(directory, 'four'), '--clickhouse', there.url],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (line.includes('listening on')) break;
  }
  const title = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
  child.kill('SIGTERM');
  await new Promise((ended) => child.once('exit', ended));
  expect(lines.join('\n')).toContain(`and on ${there.server.shown}`);
  expect(title).toContain('routescope serve');
  expect(`${title}${lines.join('\n')}`).not.toContain(there.server.password);
});
