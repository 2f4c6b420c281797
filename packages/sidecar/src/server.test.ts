import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttpServer, served } from './server.ts';

const answer = (name: string) => (_: unknown, response: { end(text: string): void }) => response.end(name);
const server = createHttpServer(
  {
    traces: answer('traces'),
    logs: answer('logs'),
    scores: answer('scores'),
    events: answer('events'),
    query: answer('query'),
    status: answer('status'),
    replay: answer('replay'),
    metrics: answer('metrics'),
    alive: answer('alive'),
    ready: answer('ready'),
  },
  { log: () => {} },
);
beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
afterAll(() => new Promise((closed) => server.close(closed)));

function ask(
  path: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((done, failed) => {
    const { port } = server.address() as AddressInfo;
    request({ port, path, method, headers, host: '127.0.0.1' }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, body }));
    })
      .on('error', failed)
      .end();
  });
}

test('what is served is what the contract lists', () => {
  const contract = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const methods = Object.fromEntries(
    Object.entries(contract.paths).map(([path, operations]) => [
      path,
      Object.keys(operations).map((method) => method.toUpperCase()),
    ]),
  );
  expect(methods).toEqual(Object.fromEntries(served.map((route) => [route.path, [...(route.methods ?? ['POST'])]])));
});

test('each path reaches its room', async () => {
  for (const route of served)
    expect(await ask(`${route.path}?x=1`, route.methods?.[0] ?? 'POST')).toEqual({ status: 200, body: route.to });
});

test('a page in a browser is not answered, neither across origins nor by a name that resolves to loopback', async () => {
  expect((await ask('/query', 'POST', { origin: 'https://evil.example' })).status).toBe(403);
  expect((await ask('/query', 'POST', { host: 'evil.example:4318' })).status).toBe(403);
  expect((await ask('/query', 'POST', { host: 'localhost:4318' })).status).toBe(200);
});

test('an unknown path and a wrong method say what there is', async () => {
  expect(await ask('/v1/metrics', 'POST')).toMatchObject({ status: 404, body: expect.stringContaining('/v1/traces') });
  expect(await ask('/v1/scores')).toMatchObject({ status: 405, body: expect.stringContaining('takes POST') });
});
