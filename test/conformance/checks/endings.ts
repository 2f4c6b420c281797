/** Each way an inference can end: one span, ended once, that says which. */
import assert from 'node:assert/strict';
import { SpanStatusCode } from '@opentelemetry/api';
import { closeDroppedInferences, closeOpenInferences } from '@routescope/sdk';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, collect, exporter, outcome, type Scenario, Spans, turns } from '../trial.ts';
import { isStreamed, json, type Script, sse } from '../wire.ts';
import { helperStream } from './errors.ts';
import { read } from './promise.ts';

interface Ending {
  readonly script?: Script;
  readonly live: Scenario;
  readonly ending: string;
  readonly outcome: string;
  /** Absent on whole answers. */
  readonly stream?: string;
  readonly more?: Record<string, unknown>;
  readonly isError?: true;
  /** It ends when nobody can reach it any more. */
  readonly dropped?: true;
}

export function endingChecks(dialect: Dialect): Check[] {
  const { ask, askStream } = dialect;
  const drops: Script = (_asked, _number, signal) => dialect.stream({ dropAfter: 3, signal });
  const stalls: Script = (_asked, _number, signal) => dialect.stream({ stallAfter: 4, signal });
  const never: Script = (_asked, _number, signal) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const isStarted = { 'gen_ai.request.stream': true };
  const endings: Readonly<Record<string, Ending>> = {
    'a whole answer read': { live: (client) => ask(client), ending: 'complete', outcome: 'accepted' },
    'a stream read to its end': {
      live: async (client) => read(await askStream(client)),
      ending: 'complete',
      outcome: 'accepted',
      stream: 'complete',
      more: isStarted,
    },
    'a break': {
      live: async (client) => {
        for await (const _ of await askStream(client)) break;
      },
      ending: 'break',
      outcome: 'canceled',
      stream: 'cancelled',
    },
    'an error in the app’s loop': {
      live: (client) =>
        outcome(async () => {
          for await (const _ of await askStream(client)) throw new Error('of the app');
        }),
      ending: 'break',
      outcome: 'canceled',
      stream: 'cancelled',
    },
    'an abort of the stream’s controller': {
      script: stalls,
      live: async (client) => {
        const stream = await askStream(client);
        let chunks = 0;
        await outcome(async () => {
          for await (const _ of stream) if (++chunks === 2) stream.controller.abort();
        });
      },
      ending: 'aborted',
      outcome: 'canceled',
      stream: 'cancelled',
    },
    'an abort of the app’s signal while streaming': {
      script: stalls,
      live: async (client) => {
        const stop = new AbortController();
        const stream = await askStream(client, {}, { signal: stop.signal });
        let chunks = 0;
        return await outcome(async () => {
          for await (const _ of stream) if (++chunks === 2) stop.abort();
        });
      },
      ending: 'aborted',
      outcome: 'canceled',
      stream: 'cancelled',
    },
    'an abort before there is an answer': {
      script: never,
      live: async (client) => {
        const stop = new AbortController();
        const asked = outcome(ask(client, {}, { signal: stop.signal }));
        await turns(1);
        stop.abort();
        return await asked;
      },
      ending: 'aborted',
      outcome: 'canceled',
    },
    'an abort of a stream before there is one': {
      script: never,
      live: async (client) => {
        const stop = new AbortController();
        const asked = outcome(askStream(client, {}, { signal: stop.signal }));
        await turns(1);
        stop.abort();
        return await asked;
      },
      ending: 'aborted',
      outcome: 'canceled',
      stream: 'cancelled',
    },
    'a refusal before headers': {
      script: () => json(dialect.error(401), 401),
      live: (client) => outcome(ask(client)),
      ending: 'failed',
      outcome: 'failed',
      isError: true,
    },
    'a refusal of a stream': {
      script: () => json(dialect.error(429), 429),
      live: (client) => outcome(askStream(client)),
      ending: 'failed',
      outcome: 'failed',
      stream: 'error',
      isError: true,
    },
    'no connection': {
      script: () => Promise.reject(new TypeError('fetch failed')),
      live: (client) => outcome(ask(client)),
      ending: 'failed',
      outcome: 'failed',
      isError: true,
    },
    'a stream that drops': {
      script: drops,
      live: async (client) => outcome(read(await askStream(client))),
      ending: 'failed_midway',
      outcome: 'failed',
      stream: 'error',
      isError: true,
    },
    'a stream with an error event': {
      script: () =>
        sse([...dialect.events.slice(0, 3), { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }]),
      live: async (client) => outcome(read(await askStream(client))),
      ending: 'failed_midway',
      outcome: 'failed',
      stream: 'error',
      isError: true,
    },
    'a body that is no JSON': {
      script: () => json('{"id":'),
      live: (client) => outcome(ask(client)),
      ending: 'failed_midway',
      outcome: 'failed',
      isError: true,
    },
    'the raw response taken': {
      live: async (client) => (await ask(client).asResponse()).text(),
      ending: 'raw',
      outcome: 'accepted',
      more: { 'routescope.usage.source': 'missing' },
    },
    'the raw response of a stream taken': {
      live: async (client) => (await askStream(client).asResponse()).text(),
      ending: 'raw',
      outcome: 'accepted',
      stream: 'abandoned',
      more: { 'routescope.usage.source': 'missing' },
    },
    'the raw response of a mapped promise taken': {
      live: async (client) =>
        (
          await ask(client)
            ._thenUnwrap((a: unknown) => a)
            .asResponse()
        ).text(),
      ending: 'raw',
      outcome: 'accepted',
    },
    'never awaited': {
      live: async (client) => void ask(client),
      ending: 'never_awaited',
      outcome: 'canceled',
      dropped: true,
    },
    'a stream never awaited': {
      live: async (client) => void askStream(client),
      ending: 'never_awaited',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a stream never read': {
      live: async (client) => void (await askStream(client)),
      ending: 'never_read',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a stream left in the middle': {
      live: async (client) => void (await (await askStream(client))[Symbol.asyncIterator]().next()),
      ending: 'abandoned',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a teed stream never read': {
      live: async (client) => void (await askStream(client)).tee(),
      ending: 'never_read',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a mapped promise never awaited': {
      live: async (client) => void ask(client)._thenUnwrap((a: unknown) => a),
      ending: 'never_awaited',
      outcome: 'canceled',
      dropped: true,
    },
    'a helper’s stream read': {
      live: (client) => helperStream(dialect, client).done(),
      ending: 'complete',
      outcome: 'accepted',
      stream: 'complete',
    },
    'a helper’s stream aborted': {
      script: stalls,
      live: async (client) => {
        const stream = helperStream(dialect, client);
        stream.on(dialect.sdk === 'openai' ? 'chunk' : 'streamEvent', () => stream.abort());
        return await outcome(stream.done());
      },
      ending: 'aborted',
      outcome: 'canceled',
      stream: 'cancelled',
    },
  };
  const answer: Script = (asked) => (isStreamed(asked) ? dialect.stream() : json(dialect.whole));
  const each = Object.entries(endings).map(
    ([name, expected]): Check => ({
      group: 'each ending’s span',
      name,
      async run(trial) {
        let { spans } = await trial.observed(expected.script ?? answer, expected.live);
        if (expected.dropped) {
          spans.none();
          await collect();
          spans = new Spans(exporter.getFinishedSpans());
        }
        spans.has({
          'routescope.ending': expected.ending,
          'routescope.outcome': expected.outcome,
          'routescope.stream.outcome': expected.stream,
          ...expected.more,
        });
        const { status, attributes } = spans.only;
        assert.equal(status.code, expected.isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
        assert.equal(typeof attributes['error.type'], expected.isError ? 'string' : 'undefined');
        await collect();
        assert.equal(exporter.getFinishedSpans().length, 1, 'ended once');
        assert.equal(closeOpenInferences(), 0);
      },
    }),
  );
  return [...each, ...heldChecks(dialect, answer), ...timeChecks(dialect, answer, drops)];
}

/** Garbage is collected while the app still holds a part of the answer, whichever: its span waits for the rest. */
function heldChecks(dialect: Dialect, answer: Script): Check[] {
  const { ask, askStream } = dialect;
  const all = async (source: AsyncIterable<unknown>): Promise<void> => {
    let count = 0;
    for await (const _ of source) if (++count === 2) await collect();
  };
  const late = async (promise: Client): Promise<Client> => {
    const held = [promise];
    await collect();
    return await held[0];
  };
  const ways: Readonly<Record<string, Scenario>> = {
    'a loop over a stream': async (client) => all(await askStream(client)),
    'a stream read late': async (client) => read((await late({ stream: await askStream(client) })).stream),
    'both branches of a tee': async (client) => Promise.all((await askStream(client)).tee().map(all)),
    'one branch of a tee': async (client) => all((await askStream(client)).tee()[1]),
    'a readable stream': async (client) => all((await askStream(client)).toReadableStream()),
    'the data beside a response': async (client) => all((await askStream(client).withResponse()).data),
    'a helper’s stream': async (client) => all(helperStream(dialect, client)),
    'a promise awaited late': (client) => late(ask(client)),
    'a mapped promise awaited late': (client) => late(ask(client)._thenUnwrap((data: unknown) => data)),
    'a promise of a stream awaited late': async (client) => all(await late(askStream(client))),
  };
  return Object.entries(ways).map(([name, live]) => ({
    group: 'each ending’s span',
    name: `${name}, with garbage collected meanwhile`,
    async run(trial) {
      const { spans } = await trial.observed(answer, live);
      spans.has({ 'routescope.ending': 'complete', 'routescope.usage.source': 'provider' });
      await collect();
      assert.equal(closeOpenInferences(), 0);
    },
  }));
}

function timeChecks(dialect: Dialect, answer: Script, drops: Script): Check[] {
  const { askStream, ask } = dialect;
  const group = 'each ending’s span';
  const clocked = (): { clock: () => number; tick: (ms: number) => void } => {
    let now = Date.UTC(2026, 10, 24);
    return {
      clock: () => now,
      tick: (ms) => {
        now += ms;
      },
    };
  };
  const seconds = ([whole, nanos]: readonly [number, number]): number =>
    Math.round((whole + nanos / 1e9) * 1000) / 1000;
  return [
    {
      group,
      name: 'the time to the first chunk, and the end at the last',
      async run(trial) {
        const { clock, tick } = clocked();
        const script: Script = async (...given) => {
          tick(200);
          return await answer(...given);
        };
        const { spans } = await trial.observed(
          script,
          async (client) => {
            const stream = await askStream(client);
            tick(50);
            for await (const _ of stream) tick(10);
          },
          { observe: { clock } },
        );
        spans.has({ 'gen_ai.response.time_to_first_chunk': 0.25 });
        const seen = dialect.events.filter(({ type }) => type !== 'ping').length;
        assert.equal(seconds(spans.only.duration), Math.round((0.25 + seen * 0.01) * 1000) / 1000);
      },
    },
    {
      group,
      name: 'no time to the first chunk where there was none',
      async run(trial) {
        const { spans } = await trial.observed(
          () => sse([]),
          async (client) => outcome(read(await askStream(client))),
        );
        spans.has({ 'gen_ai.response.time_to_first_chunk': undefined });
      },
    },
    {
      group,
      name: 'no time to the first chunk of a whole answer',
      async run(trial) {
        const { spans } = await trial.observed(answer, (client) => ask(client));
        spans.has({ 'gen_ai.response.time_to_first_chunk': undefined, 'gen_ai.request.stream': undefined });
      },
    },
    {
      group,
      name: 'what is still open is closed at the end of the process, and says so',
      async run(trial) {
        let held: unknown;
        const { spans } = await trial.observed(answer, async (client) => {
          const stream = await askStream(client);
          await stream[Symbol.asyncIterator]().next();
          held = stream;
        });
        spans.none();
        assert.equal(closeOpenInferences(), 1);
        new Spans(exporter.getFinishedSpans()).has({
          'routescope.ending': 'abandoned',
          'routescope.stream.outcome': 'abandoned',
        });
        assert.ok(held);
        assert.equal(closeOpenInferences(), 0);
      },
    },
    {
      group,
      name: 'a flush closes what nobody can read, and leaves what is being read',
      async run(trial) {
        let reading: AsyncIterator<unknown> | undefined;
        const { spans } = await trial.observed(answer, async (client) => {
          reading = (await askStream(client))[Symbol.asyncIterator]();
          await reading?.next();
          void (await askStream(client));
          void ask(client);
        });
        spans.none();
        await closeDroppedInferences();
        spans.none();
        await collect();
        const endings = (): unknown[] =>
          exporter.getFinishedSpans().map(({ attributes }) => attributes['routescope.ending']);
        assert.deepEqual(endings().sort(), ['never_awaited', 'never_read']);
        while (!(await reading?.next())?.done);
        assert.deepEqual(endings().sort(), ['complete', 'never_awaited', 'never_read']);
      },
    },
    {
      group,
      name: 'a span dropped late ends when the provider was last heard of',
      async run(trial) {
        const { clock, tick } = clocked();
        await trial.observed(
          answer,
          async (client) => {
            const asked = askStream(client);
            await turns(1);
            tick(100);
            await asked;
          },
          { observe: { clock } },
        );
        tick(3_600_000);
        await collect();
        const span = new Spans(exporter.getFinishedSpans()).only;
        assert.ok(seconds(span.duration) < 1, `lasted ${seconds(span.duration)} s`);
      },
    },
    {
      group,
      name: 'what an interrupted stream said so far is on its span',
      async run(trial) {
        const { spans } = await trial.observed(drops, async (client) => outcome(read(await askStream(client))));
        const { attributes } = spans.only;
        assert.ok(attributes['gen_ai.response.id']);
        assert.ok(attributes['gen_ai.response.model']);
        assert.ok(['estimated', 'missing'].includes(String(attributes['routescope.usage.source'])));
      },
    },
  ];
}
