import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isTooOld, openServer, serverOf } from './server.ts';

test('a URL is taken apart, and what may be shown has no password', () => {
  const server = serverOf('https://ada:p%40ss@ch.example:8443/?ch_insert_quorum=auto');
  expect(server).toMatchObject({ shown: 'https://ch.example:8443', username: 'ada', password: 'p@ss' });
  expect(server.url.href).toBe('https://ch.example:8443/?ch_insert_quorum=auto');
});

test('a password from a file comes before one from elsewhere', () => {
  const directory = mkdtempSync(join(tmpdir(), 'routescope-password-'));
  writeFileSync(join(directory, 'password'), 'from the file\n');
  const passwordFile = join(directory, 'password');
  expect(serverOf('http://ada:url@h', { password: 'variable', passwordFile }).password).toBe('from the file');
  expect(serverOf('http://ada:url@h', { password: 'variable' }).password).toBe('variable');
  rmSync(directory, { recursive: true });
});

test.each([
  ['ada:secret@host:8123', 'expected http:// or https://'],
  ['clickhouse://ada:secret@host:9000', 'not its native one'],
  ['http://ada:secret@host:8123/other', 'leave it out'],
  ['http://host:8123?password=secret', 'as a parameter'],
  ['http://ada:secret@:8123', 'cannot be read'],
])('%s is refused without saying the password', (text, says) => {
  expect(() => serverOf(text)).toThrow(says);
  expect(() => serverOf(text)).not.toThrow('secret');
});

test.each([
  ['26.3.1.1', false],
  ['26.7.2.1', false],
  ['27.1.1.1', false],
  ['26.2.9.9', true],
  ['25.8.1.1', true],
  ['18.16.1', true],
])('%s is too old to load into: %s', (version, old) => {
  expect(isTooOld(version)).toBe(old);
});

/** Answers every question with `status` and `body`. */
async function answering(status: number, body: string, headers: Record<string, string> = {}) {
  const server = createServer((_, response) => response.writeHead(status, headers).end(body));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://ada:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((done) => server.close(done)),
  };
}

test('an old server is told apart with one sentence', async () => {
  const server = await answering(200, '{"version":"25.8.16.1"}\n');
  await expect(openServer(serverOf(server.url))).rejects.toThrow(
    /^ClickHouse 25\.8\.16\.1 at http:\/\/127\.0\.0\.1:\d+ is too old to load into: 26\.3 is the oldest/,
  );
  await (await openServer(serverOf(server.url), { anyVersion: true })).close();
  await server.close();
});

test('a wrong password and a server that is not there are sentences without the password', async () => {
  const server = await answering(
    403,
    'Code: 516. DB::Exception: ada: Authentication failed: secret. (AUTHENTICATION_FAILED)',
    {
      'x-clickhouse-exception-code': '516',
    },
  );
  const refused = await openServer(serverOf(server.url)).catch((problem: Error) => problem.message);
  expect(refused).toMatch(/refuses user ada: wrong name or password$/);
  await server.close();
  const away = await openServer(serverOf(server.url)).catch((problem: Error) => problem.message);
  expect(away).toMatch(/^ClickHouse does not answer at http:\/\/127\.0\.0\.1/);
  expect(`${refused}${away}`).not.toContain('secret');
});
