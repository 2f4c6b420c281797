/** Each way an inference can end: one span, ended once, that says which. */
import assert from 'node:assert/strict';
import { SpanStatusCode } from '@opentelemetry/api';
import { closeOpenInferences } from '@routescope/sdk';
import type { Dialect } from '../dialect.ts';
import { type Check, collect, exporter, outcome, type Scenario, Spans, type Trial, turns } from '../trial.ts';
import { isStreamed, json, type Script, sse } from '../wire.ts';
import { helperStream } from './errors.ts';
import { heldChecks, timeChecks } from './moments.ts';
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
  /** It ends when nobody can reach any more what `live` returns. */
  readonly dropped?: true;
}

/** The spans when nobody can reach any more what `live` returns. As long as somebody can, there are none. */
async function onceDropped(trial: Trial, script: Script, live: Scenario): Promise<Spans> {
  // In a function of its own: garbage may be collected at any moment, and what this one holds is none until it is over.
  const held = async (): Promise<void> => {
    const { seen, spans } = await trial.observed(script, live);
    spans.none();
    assert.ok(seen);
  };
  await held();
  await collect();
  return new Spans(exporter.getFinishedSpans());
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
      live: async (client) => ({ promise: ask(client) }),
      ending: 'never_awaited',
      outcome: 'canceled',
      dropped: true,
    },
    'a stream never awaited': {
      live: async (client) => ({ promise: askStream(client) }),
      ending: 'never_awaited',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a stream never read': {
      live: (client) => askStream(client),
      ending: 'never_read',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a stream left in the middle': {
      live: async (client) => {
        const chunks = (await askStream(client))[Symbol.asyncIterator]();
        await chunks.next();
        return chunks;
      },
      ending: 'abandoned',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a teed stream never read': {
      live: async (client) => (await askStream(client)).tee(),
      ending: 'never_read',
      outcome: 'canceled',
      stream: 'abandoned',
      dropped: true,
    },
    'a mapped promise never awaited': {
      live: async (client) => ({ promise: ask(client)._thenUnwrap((a: unknown) => a) }),
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
        const script = expected.script ?? answer;
        const spans = expected.dropped
          ? await onceDropped(trial, script, expected.live)
          : (await trial.observed(script, expected.live)).spans;
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
