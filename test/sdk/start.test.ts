/** `start()` and `--import @routescope/sdk/register` in processes of their own, against a collector that remembers. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface Received {
  readonly service: string;
  readonly names: readonly string[];
}
let received: Received[];
let status: number;
let server: ReturnType<typeof createServer>;
let url: string;

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

beforeEach(async () => {
  received = [];
  status = 200;
  server = createServer(async (request, response) => {
    const { resourceSpans } = JSON.parse(await textOf(request));
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find((each: { key: string }) => each.key === 'service.name');
      received.push({
        service: service.value.stringValue,
        names: scopeSpans.flatMap((scope: { spans: { name: string }[] }) => scope.spans.map((span) => span.name)),
      });
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Runs an app of one span, or the code given. */
const app = (flags: string[], code: string, env: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, [...flags, '--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
const oneSpan = "import { trace } from '@opentelemetry/api'; trace.getTracer('t').startSpan('work').end();";

test('an app that ends by itself has sent its spans, without a word', async () => {
  const { stdout, stderr } = await app(
    [],
    `import { start } from '@routescope/sdk/node'; start({ serviceName: 'shop', endpoint: '${url}' }); ${oneSpan}`,
  );
  expect(received).toEqual([{ service: 'shop', names: ['work'] }]);
  expect([stdout, stderr]).toEqual(['', '']);
});

test.each(['', 'await telemetry.flush();', 'await telemetry.shutdown();'])(
  'an app whose spans nobody takes ends as it would have, too: %s',
  async (end) => {
    status = 400;
    const { stdout, stderr } = await app(
      [],
      `import { start } from '@routescope/sdk/node';
       const telemetry = start({ serviceName: 'shop', endpoint: '${url}' }); ${oneSpan} ${end} console.log('done');`,
    );
    expect([stdout, stderr]).toEqual(['done\n', '']);
  },
);

describe('an app that ends while its sidecar', () => {
  /** A span and a router's event wait for the sidecar. */
  const waits = (port: number, more: string): string =>
    `import { start } from '@routescope/sdk/node';
     import { createRouter, routes } from '@routescope/sdk/router';
     const telemetry = start({ serviceName: 's', endpoint: 'http://127.0.0.1:${port}', exitTimeoutMs: 500 });
     createRouter(routes({ t: { why: 'w', caughtBy: 'nothing', tiers: [{ name: 'a', model: 'm', via: () => {} }] } }));
     ${oneSpan} ${more}`;
  const ends = ['', 'void telemetry.flush();', 'await telemetry.flush();', 'await telemetry.shutdown();'];

  async function against(listener: RequestListener, run: (port: number) => Promise<unknown>): Promise<void> {
    const sidecar = createServer(listener).listen(0, '127.0.0.1');
    await once(sidecar, 'listening');
    try {
      await run((sidecar.address() as AddressInfo).port);
    } finally {
      sidecar.closeAllConnections();
      sidecar.close();
    }
  }

  test.each(ends)('says nothing, is gone before it would say something: %s', async (end) => {
    const asked: (string | undefined)[] = [];
    const answers: NodeJS.Timeout[] = [];
    let hasAnswered = false;
    await against(
      ({ url: path }, response) => {
        asked.push(path);
        const answer = (): void => {
          hasAnswered = true;
          response.end('{}');
        };
        answers.push(setTimeout(answer, 8_000)); // an app that waits for the exporter's own ten seconds is still there
      },
      (port) => app([], waits(port, end)),
    );
    for (const answer of answers) clearTimeout(answer);
    expect(hasAnswered).toBe(false);
    expect(asked).toHaveLength(new Set(asked).size); // spans and events, each once
  });

  test.each(ends)('is not there, has asked it for its spans once: %s', async (end) => {
    const asked: (string | undefined)[] = [];
    await against(
      (request) => {
        asked.push(request.url);
        request.socket.destroy();
      },
      (port) => app([], waits(port, end)),
    );
    // Not a second time after the exporter's own pause, which is longer than there is time.
    expect(asked.filter((path) => path === '/v1/traces').length).toBeLessThan(2);
  });

  test('comes back, has lost nothing', async () => {
    let isBack = false;
    await against(
      (request, response) => {
        if (isBack) response.end('{}');
        else request.socket.destroy();
        isBack ||= request.url === '/v1/traces';
      },
      async (port) => {
        const flushes = `for (let tries = 0; tries < 20 && telemetry.stats().exported === 0; tries++) await telemetry.flush();
          console.log(JSON.stringify(telemetry.stats()));`;
        const { stdout } = await app([], waits(port, flushes));
        expect(JSON.parse(stdout)).toMatchObject({ ended: 1, exported: 1, failed: 0 });
      },
    );
  });
});

test('--import @routescope/sdk/register does it from the environment', async () => {
  await app(['--import', '@routescope/sdk/register'], oneSpan, {
    OTEL_SERVICE_NAME: 'env-shop',
    ROUTESCOPE_ENDPOINT: url,
  });
  expect(received).toEqual([{ service: 'env-shop', names: ['work'] }]);
});

test('an option goes before the environment, and what it leaves out is asked there', async () => {
  await app([], `import { start } from '@routescope/sdk/node'; start({ serviceName: 'shop' }); ${oneSpan}`, {
    OTEL_SERVICE_NAME: 'env-shop',
    ROUTESCOPE_ENDPOINT: url,
  });
  expect(received).toEqual([{ service: 'shop', names: ['work'] }]);
});

test('every call is recorded when asked for, whatever the sampler of the environment says of the rest', async () => {
  const call = "trace.getTracer('t').startSpan('call', { attributes: { 'gen_ai.operation.name': 'chat' } }).end();";
  const env = { OTEL_SERVICE_NAME: 'shop', ROUTESCOPE_ENDPOINT: url, OTEL_TRACES_SAMPLER: 'always_off' };
  await app(['--import', '@routescope/sdk/register'], `${oneSpan}${call}`, env);
  expect(received).toEqual([]);
  await app(['--import', '@routescope/sdk/register'], `${oneSpan}${call}`, { ...env, ROUTESCOPE_EVERY_CALL: 'true' });
  expect(received).toEqual([{ service: 'shop', names: ['call'] }]);
});

test('a share of traces that is none, content nobody knows and an address that is no URL stop the start', async () => {
  const started = (option: string) =>
    app([], `import { start } from '@routescope/sdk/node'; start({ serviceName: 's', ${option} });`);
  await expect(started('sampling: 10')).rejects.toThrow('sampling: found 10, expected a share from 0 to 1');
  await expect(started('exitTimeoutMs: 0')).rejects.toThrow(
    'exitTimeoutMs: found 0, expected milliseconds, more than 0',
  );
  await expect(started("content: 'all'")).rejects.toThrow('content: found all, expected off, metadata, full');
  await expect(started("endpoint: 'localhost:4318'")).rejects.toThrow(
    'endpoint: found localhost:4318, expected the URL of a sidecar, such as http://127.0.0.1:4318',
  );
  await expect(started("endpoint: 'ops:hunter2@sidecar:4318'")).rejects.toThrow(
    'endpoint: found …@sidecar:4318, expected the URL of a sidecar',
  );
  await expect(started("endpoint: 'http://ops:hunter2@sidecar:4318'")).rejects.toThrow(
    "endpoint: found …@sidecar:4318, whose user or password would not be sent; give the sidecar's token",
  );
});

test('stats() say what became of every span: acknowledged, or given up on', async () => {
  const run = (code: number): Promise<{ stdout: string }> => {
    status = code;
    return app(
      [],
      `import { start } from '@routescope/sdk/node';
       const telemetry = start({ serviceName: 'shop', endpoint: '${url}' }); ${oneSpan}
       await telemetry.flush();
       console.log(JSON.stringify(telemetry.stats()));`,
    );
  };
  expect(JSON.parse((await run(200)).stdout)).toEqual({ ended: 1, exported: 1, failed: 0, failures: 0 });
  expect(JSON.parse((await run(400)).stdout)).toEqual({ ended: 1, exported: 0, failed: 1, failures: 0 });
});

test('flush() closes what nobody can read any more, and leaves what is being read', async () => {
  const { stdout } = await app(
    ['--expose-gc'],
    `import OpenAI from 'openai';
     import { observe } from '@routescope/sdk';
     import { start } from '@routescope/sdk/node';
     const telemetry = start({ serviceName: 'shop', endpoint: '${url}' });
     const piece = 'data: {"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}\\n\\n';
     const fetch = async () => new Response(piece.repeat(3), { headers: { 'content-type': 'text/event-stream' } });
     const client = observe(new OpenAI({ apiKey: 'k', baseURL: 'https://llm.example/v1', fetch }));
     const ask = (model) => client.chat.completions.create({ model, messages: [], stream: true });
     const turn = () => new Promise((later) => setImmediate(later));
     const held = (await ask('held'))[Symbol.asyncIterator]();
     await held.next();
     await (async () => { await ask('dropped'); void ask('forgotten'); })();
     for (let round = 0; round < 4; round++) { await turn(); await telemetry.flush(); gc(); }
     await telemetry.flush();
     console.log(JSON.stringify(telemetry.stats()));
     while (!(await held.next()).done);`,
  );
  expect(JSON.parse(stdout)).toMatchObject({ ended: 2, exported: 2 });
  expect(received.flatMap(({ names }) => names).sort()).toEqual(['chat dropped', 'chat forgotten', 'chat held']);
});

test('prices that are wrong stop the start, with the file, the place and what is expected', async () => {
  const code = `import { start } from '@routescope/sdk/node';
    start({ serviceName: 's', prices: { version: 'mine', prices: [{ provider: 'openai', model: 'm', input: '1' }] } });`;
  await expect(app([], code)).rejects.toThrow(
    'prices: prices[0].input: found "1", expected USD per million tokens, 0 or more',
  );
});

test('without OpenTelemetry the clients and the router work all the same', async () => {
  const { stdout } = await app(
    [],
    `import OpenAI from 'openai';
     import { observe, withSession } from '@routescope/sdk';
     import { createRouter, openaiChat, routes } from '@routescope/sdk/router';
     const answer = { id: 'a', model: 'm', choices: [{ index: 0, finish_reason: 'stop', message: { content: 'hi' } }] };
     const fetch = async () => Response.json(answer);
     const client = observe(new OpenAI({ apiKey: 'k', fetch }));
     const table = routes({ t: { why: 'w', caughtBy: 'nothing', tiers: [{ name: 'a', model: 'm', via: openaiChat(client) }] } });
     const { answer: text, call } = await withSession('s', () => createRouter(table).route('t', { messages: [] }));
     console.log(text, call.sessionId);`,
  );
  expect(stdout).toBe('hi s\n');
});
