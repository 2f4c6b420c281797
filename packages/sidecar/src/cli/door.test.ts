import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { admitting, checkExposure } from '../auth.ts';
import { type Command, invocationOf } from './command.ts';
import { door, doorOf } from './door.ts';

const directory = mkdtempSync(join(tmpdir(), 'routescope-door-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

const command = { name: 'serve', summary: '', options: door, run: async () => {} } as unknown as Command;
const read = (args: readonly string[], env: Record<string, string> = {}) =>
  doorOf(invocationOf(command, args, env).values as unknown as Parameters<typeof doorOf>[0]);

test('says where it listens; gRPC takes a free port beside a free port, and can be left out', () => {
  expect(read([])).toMatchObject({ host: '127.0.0.1', port: 4318, grpcPort: 4317 });
  expect(read(['--port', '0'])).toMatchObject({ port: 0, grpcPort: 0 });
  expect(read(['--grpc-port', 'off'])).not.toHaveProperty('grpcPort');
  expect(read([], { ROUTESCOPE_GRPC_PORT: '5317' })).toMatchObject({ grpcPort: 5317 });
  expect(read(['--max-body-mib', '3']).limits).toMatchObject({ bodyBytes: 3 * 1024 * 1024 });
  expect(read(['--allow-attribute', 'a', '--allow-attribute', 'b.', '--deny-attribute', 'c']).redact).toEqual({
    allow: ['a', 'b.'],
    deny: ['c'],
  });
});

test('takes the token from the environment or the first line of a file', () => {
  expect(read([], { ROUTESCOPE_TOKEN: 't' })).toMatchObject({ token: 't' });
  expect(read(['--token-file', file('token', 'from-file \nmore')])).toMatchObject({ token: 'from-file' });
});

test.each([
  [['--grpc-port', 'on'], '--grpc-port on: expected a whole number'],
  [['--tls-cert', 'x'], 'give both'],
  [['--tls-cert', 'x', '--tls-key', 'y'], '--tls-cert x: ENOENT'],
  [['--token', 'a', '--token-file', 'b'], 'give one of them'],
  [['--token-file', file('empty', '\n')], 'its first line is empty'],
])('%j is refused: %s', (args, says) => {
  expect(() => read(args)).toThrow(says);
});

test('without a token only loopback is listened on', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) checkExposure(host, undefined);
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.org', '127.0.0.1.example.org'])
    expect(() => checkExposure(host, undefined)).toThrow(`${host} is not a loopback address`);
  checkExposure('0.0.0.0', 'token');
});

test('the token is told from others, however it is written', () => {
  const admits = admitting('s3cret');
  expect(admits('Bearer s3cret')).toBe(true);
  expect(admits('bearer  s3cret ')).toBe(true);
  for (const wrong of [undefined, '', 's3cret', 'Bearer', 'Bearer s3cre', 'Bearer s3cret2', 'Basic s3cret'])
    expect(admits(wrong)).toBe(false);
});
