/** A store that is not there when the sidecar starts: spans are taken all the same, and loaded when it comes. */
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { examine } from './cli/doctor.ts';
import { type Sidecar, startSidecar } from './pipeline.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-away-'));
let there: TestServer;
let sidecar: Sidecar | undefined;
let said: string[] = [];
beforeAll(async () => {
  there = await startTestServer({}); // never a real one: it is made to go away
});
afterEach(async () => {
  await sidecar?.close();
  sidecar = undefined;
  said = [];
});
afterAll(async () => {
  await there.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(name: string, onServer: boolean): Promise<Sidecar> {
  sidecar = await startSidecar({
    dataDirectory: join(directory, name),
    port: 0,
    lingerMs: 10,
    server: onServer ? there.server : undefined,
    log: (line) => said.push(line),
  });
  return sidecar;
}

async function send({ url }: Sidecar, number: number): Promise<number> {
  const ids = { traceId: number.toString(16).padStart(32, '0'), spanId: number.toString(16).padStart(16, '0') };
  const times = { startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now()}000000` };
  const answer = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...ids, ...times, name: 'chat m' }] }] }] }),
  });
  return answer.status;
}

const ready = async ({ url }: Sidecar): Promise<string> => (await fetch(`${url}/readyz`)).text();
const engineCheck = async ({ url }: Sidecar) =>
  (await examine(url, undefined, directory)).find(({ name }) => name === 'engine');

async function rowsOf({ url }: Sidecar): Promise<number> {
  const answer = await fetch(`${url}/query`, { method: 'POST', body: 'SELECT count() FROM routescope.otel_traces' });
  return Number(await answer.text());
}

interface Told {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}
const refused = (code: string, name: string, says = 'no'): Told => ({
  status: 403,
  body: `Code: ${code}. DB::Exception: ${says}. (${name})`,
  headers: { 'x-clickhouse-exception-code': code },
});

/** Answers every question so, at the server's own address. */
async function impostor(tells: (query: string) => Told): Promise<() => unknown> {
  const server = createServer(async (request, response) => {
    const query = [new URL(request.url ?? '/', 'http://h').searchParams.get('query') ?? ''];
    for await (const chunk of request) query.push(String(chunk));
    const { status, body, headers = {} } = tells(query.join(''));
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((listening) => server.listen(Number(there.server.url.port), '127.0.0.1', () => listening()));
  return () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
}
const refusal = (code: string, name: string): Promise<() => unknown> => impostor(() => refused(code, name));
const wrongPassword = (): Promise<() => unknown> => refusal('516', 'AUTHENTICATION_FAILED');

test('a server that is away is waited for, and what it is missing then is said, until it is right', async () => {
  await there.link.set('refused');
  const started = await start('server', true);
  expect(await send(started, 1)).toBe(200);
  expect(await ready(started)).toMatch(/^nothing is loaded: ClickHouse does not answer at http:\/\/127/);
  expect(await engineCheck(started)).toMatchObject({ health: 'fail', says: expect.stringContaining('ECONNREFUSED') });
  expect(started.status()).toMatchObject({ queued: 1, stored: 0, held: expect.stringContaining('does not answer') });
  expect(said.join('\n')).toContain('spans are taken and kept in the spool');

  const leave = await wrongPassword();
  await expect.poll(() => started.status().held).toContain('refuses user writer: wrong name or password');
  expect(await send(started, 2)).toBe(200);
  await leave();

  await there.link.set('good');
  await expect.poll(() => started.status().queued).toBe(0);
  expect(await ready(started)).toBe('ready\n');
  expect(await engineCheck(started)).toMatchObject({ health: 'ok' });
  expect(await rowsOf(started)).toBe(2);
  expect(said.join('\n')).toContain(`ClickHouse at ${there.server.shown} is there`);
  expect(said.join('\n')).not.toContain(there.server.password);
});

test('where nothing can be kept the start says so, and what to do', async () => {
  writeFileSync(join(directory, 'a-file'), '');
  await expect(start(join('a-file', 'data'), true)).rejects.toThrow(
    /^nothing can be kept in .*a-file\/data \(ENOTDIR.*\): make room, or make it writable, or name another directory/,
  );
});

test('closed before its server ever came, a sidecar keeps what it took for the next start', async () => {
  await there.link.set('refused');
  const first = await start('closed', true);
  expect(await send(first, 3)).toBe(200);
  await first.close();
  expect(said.join('\n')).toContain('1 spans stay in the spool');
  await there.link.set('good');
  const second = await start('closed', true);
  await expect.poll(() => second.status()).toMatchObject({ recovered: 1, queued: 0, stored: 1, held: undefined });
});

test.each([
  ['a wrong password', wrongPassword, 'wrong name or password'],
  [
    'a server that is too old',
    () => impostor(() => ({ status: 200, body: '{"version":"25.8.16.1"}\n' })),
    '26.3 is the oldest',
  ],
  [
    'something else that listens there',
    () => impostor(() => ({ status: 200, body: '{"version":""}\n' })),
    'is no ClickHouse',
  ],
  [
    'a user that may only read',
    () =>
      impostor((query) =>
        query.includes('version()')
          ? { status: 200, body: '{"version":"26.3.1.1"}\n' }
          : refused('164', 'READONLY', "Cannot modify 'session_timezone' setting in readonly mode"),
      ),
    /^ClickHouse at http:\S+ refuses what user writer has to do there: Cannot modify 'session_timezone'/,
  ],
  ['a user without rights', () => refusal('497', 'ACCESS_DENIED'), 'lets user writer ask nothing'],
])('%s ends the start', async (_, play, says) => {
  await there.link.set('refused');
  const leave = await play();
  try {
    await expect(start('wrong', true)).rejects.toThrow(says);
  } finally {
    await leave();
    await there.link.set('good');
  }
});

test('an engine that does not start is started again and again, and spans are taken meanwhile', async () => {
  const inTheWay = join(directory, 'embedded', 'engine', 'config.xml');
  mkdirSync(inTheWay, { recursive: true });
  const started = await start('embedded', false);
  expect(await send(started, 4)).toBe(200);
  expect(await ready(started)).toMatch(/^nothing is loaded: the engine ended before it was ready/);
  rmdirSync(inTheWay);
  await expect.poll(() => started.status().queued).toBe(0);
  expect(await rowsOf(started)).toBe(1);
  expect(said.join('\n')).toContain('the engine is there');
});
