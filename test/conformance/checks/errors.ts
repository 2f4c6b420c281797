/** Errors are the SDK's own, with everything on them; and rejections that nobody handles stay exactly as many. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome, type Scenario, turns } from '../trial.ts';
import { json, type Script, sse } from '../wire.ts';
import { read } from './promise.ts';

const statuses = [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503, 529];
/** Waits a millisecond before it asks again. */
const soon = { 'retry-after-ms': '1' };
const never: Script = (_asked, _number, signal) =>
  new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal?.reason ?? new Error('aborted'));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
  });

export function errorChecks(dialect: Dialect): Check[] {
  const { ask, askStream } = dialect;
  const check = (
    name: string,
    script: Script,
    scenario: Scenario,
    attributes: Record<string, unknown>,
    options = {},
  ): Check => ({
    group: 'errors',
    name,
    async run(trial) {
      const { spans } = await trial.same(script, scenario, { options });
      spans.has(attributes);
    },
  });
  const failed =
    (status: number): Script =>
    () =>
      json(dialect.error(status), status);
  const flaky =
    (failures: number, status = 500): Script =>
    (_asked, number) =>
      number < failures ? json(dialect.error(status), status, soon) : json(dialect.whole);
  const asks: Scenario = (client) => outcome(ask(client));
  const typeOf = (status: number): string => (dialect.sdk === 'openai' ? `code_${status}` : `type_${status}`);
  // Anthropic's SDKs before 1 keep the type inside the body.
  const has = (status: number): Record<string, unknown> =>
    dialect.sdk === 'anthropic' && dialect.number < 61
      ? { 'routescope.ending': 'failed' }
      : { 'routescope.ending': 'failed', 'error.type': typeOf(status) };
  return [
    ...statuses.flatMap((status) => [
      check(`HTTP ${status} is the same error`, failed(status), asks, has(status)),
      check(
        `HTTP ${status} to a stream is the same error`,
        failed(status),
        (client) => outcome(askStream(client)),
        has(status),
      ),
    ]),
    check(
      'its class is the module’s own',
      failed(429),
      async (client) => {
        const error = await ask(client).catch((problem: unknown) => problem);
        const { lib } = dialect;
        return [error instanceof lib.APIError, error instanceof lib.RateLimitError, error instanceof Error];
      },
      { 'routescope.outcome': 'failed' },
    ),
    check('a body that is no JSON', () => json('<html>busy</html>', 502, { 'content-type': 'text/html' }), asks, {
      'routescope.ending': 'failed',
      'error.type': '502',
    }),
    check('an empty body', () => json('', 500), asks, { 'error.type': '500' }),
    check('a fetch that fails', () => Promise.reject(new TypeError('fetch failed')), asks, {
      'routescope.ending': 'failed',
      'error.type': 'connection_error',
    }),
    check('a fetch that throws a string', () => Promise.reject('no network'), asks, { 'routescope.outcome': 'failed' }),
    check('a whole answer that is no JSON', () => json('{"id": '), asks, {
      'routescope.ending': 'failed_midway',
      'routescope.outcome': 'failed',
    }),
    check('a time-out', never, asks, { 'routescope.ending': 'failed', 'error.type': 'timeout' }, { timeout: 5 }),
    check(
      'an abort before the request',
      () => json(dialect.whole),
      (client) => {
        const stop = new AbortController();
        stop.abort();
        return outcome(ask(client, {}, { signal: stop.signal }));
      },
      { 'routescope.ending': 'aborted', 'routescope.outcome': 'canceled', 'error.type': undefined },
    ),
    check(
      'an abort while it waits',
      never,
      async (client) => {
        const stop = new AbortController();
        const asked = outcome(ask(client, {}, { signal: stop.signal }));
        await turns(1);
        stop.abort();
        return await asked;
      },
      { 'routescope.ending': 'aborted' },
    ),
    check(
      'a retry that succeeds',
      flaky(1),
      asks,
      { 'routescope.ending': 'complete', 'http.request.resend_count': 1 },
      { maxRetries: 2 },
    ),
    check('two retries that succeed', flaky(2), asks, { 'http.request.resend_count': 2 }, { maxRetries: 2 }),
    check(
      'retries that run out',
      flaky(9),
      asks,
      { 'routescope.ending': 'failed', 'http.request.resend_count': 2 },
      { maxRetries: 2 },
    ),
    check(
      'a retry after the connection failed',
      (_asked, number) => (number === 0 ? Promise.reject(new TypeError('fetch failed')) : json(dialect.whole, 200)),
      asks,
      { 'http.request.resend_count': 1 },
      { maxRetries: 1 },
    ),
    check(
      'a retry of a stream',
      (_asked, number) => (number === 0 ? json(dialect.error(529), 529, soon) : dialect.stream()),
      async (client) => read(await askStream(client)),
      { 'routescope.ending': 'complete', 'http.request.resend_count': 1 },
      { maxRetries: 1 },
    ),
    check(
      'no retry where the provider forbids it',
      () => json(dialect.error(500), 500, { 'x-should-retry': 'false' }),
      asks,
      { 'routescope.ending': 'failed', 'http.request.resend_count': undefined },
      { maxRetries: 2 },
    ),
    check('maxRetries of the one request', flaky(1), (client) => outcome(ask(client, {}, { maxRetries: 1 })), {
      'http.request.resend_count': 1,
    }),
    check(
      'without a retry there is no count',
      () => json(dialect.whole),
      asks,
      { 'http.request.resend_count': undefined },
      { maxRetries: 2 },
    ),
    {
      group: 'errors',
      name: 'the message of the provider is nowhere on the span',
      async run(trial) {
        const { spans } = await trial.same(failed(400), asks);
        const { attributes, events, status } = spans.only;
        assert.ok(!JSON.stringify([attributes, events, status]).includes('refused'));
      },
    },
  ];
}

/** Runs and lets go: what is rejected and not handled is counted by the trial. */
export function rejectionChecks(dialect: Dialect): Check[] {
  const { ask, askStream } = dialect;
  const failed: Script = () => json(dialect.error(400), 400);
  const drops: Script = (_asked, _number, signal) => dialect.stream({ dropAfter: 2, signal });
  const noJson: Script = () => json('{"id": ');
  const ignore = (): void => {};
  const cases: Readonly<Record<string, readonly [Script, (client: Client) => unknown]>> = {
    'never awaited is one': [failed, (client) => void ask(client)],
    'awaited in try is none': [failed, (client) => outcome(ask(client))],
    'catch() is none': [failed, (client) => ask(client).catch(ignore)],
    'then() without catch is one': [failed, (client) => void ask(client).then(ignore)],
    'then() with both is none': [failed, (client) => ask(client).then(ignore, ignore)],
    'finally() alone is one': [failed, (client) => void ask(client).finally(ignore)],
    'asResponse() let go': [failed, (client) => void ask(client).asResponse()],
    'asResponse() caught': [failed, (client) => outcome(ask(client).asResponse())],
    'withResponse() let go': [failed, (client) => void ask(client).withResponse()],
    'withResponse() caught': [failed, (client) => outcome(ask(client).withResponse())],
    '_thenUnwrap() caught': [failed, (client) => outcome(ask(client)._thenUnwrap((a: unknown) => a))],
    '_thenUnwrap() let go': [failed, (client) => void ask(client)._thenUnwrap((a: unknown) => a)],
    '_thenUnwrap() awaited into then()': [
      failed,
      (client) =>
        void ask(client)
          ._thenUnwrap((a: unknown) => a)
          .then(ignore),
    ],
    'asResponse() of _thenUnwrap() let go': [
      failed,
      (client) =>
        void ask(client)
          ._thenUnwrap((a: unknown) => a)
          .asResponse(),
    ],
    'two in Promise.all': [failed, (client) => outcome(Promise.all([ask(client), ask(client)]))],
    'in an async function let go': [failed, (client) => void (async () => await ask(client))()],
    'a stream that is refused, let go': [failed, (client) => void askStream(client)],
    'a stream that is refused, caught': [failed, (client) => outcome(askStream(client))],
    'no JSON, let go': [noJson, (client) => void ask(client).then(ignore)],
    'no JSON, caught': [noJson, (client) => outcome(ask(client))],
    'no JSON, nobody asks': [noJson, (client) => void ask(client)],
    'a dropped stream, caught': [drops, async (client) => outcome(read(await askStream(client)))],
    'a dropped stream, let go': [drops, async (client) => void read(await askStream(client))],
    'a dropped stream, nobody reads': [drops, async (client) => void (await askStream(client))],
    'a dropped stream, teed and caught twice': [
      drops,
      async (client) => {
        const [left, right] = (await askStream(client)).tee();
        return await Promise.all([outcome(read(left)), outcome(read(right))]);
      },
    ],
    'a dropped stream, teed and one branch read': [
      drops,
      async (client) => {
        const [left] = (await askStream(client)).tee();
        return await outcome(read(left));
      },
    ],
    'next() let go': [
      drops,
      async (client) => {
        const iterator = (await askStream(client))[Symbol.asyncIterator]();
        await iterator.next();
        void iterator.next();
        void iterator.next();
      },
    ],
    'an error event, caught': [
      () => sse([dialect.events[0], { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }]),
      async (client) => outcome(read(await askStream(client))),
    ],
    'an aborted call, let go': [
      failed,
      (client) => {
        const stop = new AbortController();
        void ask(client, {}, { signal: stop.signal });
        stop.abort();
      },
    ],
    'a helper’s stream that is refused, caught': [failed, (client) => outcome(helperStream(dialect, client).done())],
  };
  return Object.entries(cases).map(([name, [script, live]]) => ({
    group: 'unhandled rejections',
    name,
    run: async (trial) => void (await trial.same(script, async (client) => await live(client))),
  }));
}

/** `stream()` of either SDK. */
export const helperStream = ({ sdk, number, body }: Dialect, client: Client): Client => {
  if (sdk === 'anthropic') return client.messages.stream(body);
  return number < 5000 ? client.beta.chat.completions.stream(body) : client.chat.completions.stream(body);
};
