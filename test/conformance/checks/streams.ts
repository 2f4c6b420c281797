/** The stream: every way to read it, to stop, and to be stopped. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, collect, exporter, outcome, type Scenario, Spans, turns } from '../trial.ts';
import { type Broken, type Script, sse } from '../wire.ts';
import { read } from './promise.ts';

interface Case {
  readonly script?: (dialect: Dialect) => Script;
  readonly live: (stream: Client, dialect: Dialect) => Promise<unknown>;
}

const broken =
  (how: Broken) =>
  (dialect: Dialect): Script =>
  (_asked, _number, signal) =>
    dialect.stream({ ...how, signal });

const some = async (stream: AsyncIterable<unknown>, count: number): Promise<unknown[]> => {
  const chunks: unknown[] = [];
  for await (const chunk of stream) if (chunks.push(chunk) === count) break;
  return chunks;
};

const cases: Readonly<Record<string, Case>> = {
  'for await reads every chunk': { live: read },
  'by hand, with next()': {
    async live(stream) {
      const iterator = stream[Symbol.asyncIterator]();
      const results: unknown[] = [];
      for (let result = await iterator.next(); !result.done; result = await iterator.next()) results.push(result);
      return [results, await iterator.next(), await iterator.next()];
    },
  },
  'next() called ahead keeps the order': {
    async live(stream) {
      const iterator = stream[Symbol.asyncIterator]();
      return [await Promise.all([iterator.next(), iterator.next(), iterator.next()]), await iterator.return()];
    },
  },
  'break after the first chunk': { live: (stream) => some(stream, 1) },
  'break after three chunks pulls no more than those': { live: (stream) => some(stream, 3) },
  'break aborts the request': {
    async live(stream) {
      await some(stream, 1);
      return stream.controller.signal.aborted;
    },
  },
  'an error in the loop is the app’s own': {
    async live(stream) {
      return await outcome(async () => {
        for await (const _ of stream) throw new RangeError('of the app');
      });
    },
  },
  'return() before the first chunk': {
    async live(stream) {
      const iterator = stream[Symbol.asyncIterator]();
      return [await iterator.return('done'), await iterator.next()];
    },
  },
  'return() with a value, after a chunk': {
    async live(stream) {
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      return [await iterator.return('done'), await iterator.next()];
    },
  },
  'throw() into it': {
    async live(stream) {
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      return [await outcome(iterator.throw(new RangeError('thrown in'))), await iterator.next()];
    },
  },
  'the iterator is an async generator': {
    async live(stream) {
      const iterator = stream[Symbol.asyncIterator]();
      const kind = [Object.prototype.toString.call(iterator), iterator[Symbol.asyncIterator]() === iterator];
      return [kind, 'next' in iterator, 'return' in iterator, 'throw' in iterator, await read(iterator)];
    },
  },
  'yield* hands it on': {
    live: (stream) =>
      read(
        (async function* () {
          yield* stream;
        })(),
      ),
  },
  'a second reader gets the SDK’s error': {
    async live(stream) {
      await read(stream);
      return await outcome(() => read(stream));
    },
  },
  'a second reader beside the first disturbs nothing': {
    async live(stream) {
      const iterator = stream[Symbol.asyncIterator]();
      const first = await iterator.next();
      const second = await outcome(() => read(stream));
      return [first, second, await read(iterator)];
    },
  },
  'tee() gives both branches everything': {
    async live(stream) {
      const [left, right] = stream.tee();
      return await Promise.all([read(left), read(right)]);
    },
  },
  'tee() read one after the other': {
    async live(stream) {
      const [left, right] = stream.tee();
      return [await read(left), await read(right)];
    },
  },
  'tee() with one branch left unread': {
    async live(stream) {
      const [left] = stream.tee();
      return await read(left);
    },
  },
  'tee() with one branch broken off': {
    async live(stream) {
      const [left, right] = stream.tee();
      return [await some(left, 1), await outcome(() => read(right))];
    },
  },
  'tee() gives streams of the SDK’s class': {
    async live(stream) {
      const [left, right] = stream.tee();
      return [left.constructor, right.constructor, await read(left)];
    },
  },
  'tee() of a stream that drops fails in both': {
    script: broken({ dropAfter: 3 }),
    async live(stream) {
      const [left, right] = stream.tee();
      return await Promise.all([outcome(() => read(left)), outcome(() => read(right))]);
    },
  },
  'toReadableStream() gives the lines': {
    live: async (stream) => await new Response(stream.toReadableStream()).text(),
  },
  'toReadableStream() and back': {
    async live(stream) {
      const again = stream.constructor.fromReadableStream(stream.toReadableStream(), new AbortController());
      return await read(again);
    },
  },
  'toReadableStream() canceled': {
    async live(stream) {
      const reader = stream.toReadableStream().getReader();
      const first = Buffer.from((await reader.read()).value).toString();
      await reader.cancel();
      return first;
    },
  },
  'controller.abort() while reading ends it quietly': {
    script: broken({ stallAfter: 4 }),
    async live(stream) {
      const chunks: unknown[] = [];
      for await (const chunk of stream) if (chunks.push(chunk) === 2) stream.controller.abort();
      return chunks;
    },
  },
  'controller.abort() before reading': {
    script: broken({ stallAfter: 4 }),
    async live(stream) {
      stream.controller.abort();
      return await outcome(() => read(stream));
    },
  },
  'the controller is an AbortController': {
    live: async (stream) => [stream.controller instanceof AbortController, await read(stream)],
  },
  'has the properties of the SDK’s stream': {
    live: async (stream) => [Object.keys(stream).sort(), typeof stream.iterator, await read(stream)],
  },
  'read slowly is the same': {
    async live(stream) {
      const chunks: unknown[] = [];
      for await (const chunk of stream) {
        if (chunks.length < 4) await turns(1);
        chunks.push(chunk);
      }
      return chunks;
    },
  },
  'that drops fails with the same error, after the same chunks': {
    script: broken({ dropAfter: 3 }),
    async live(stream) {
      const chunks: unknown[] = [];
      const error = await outcome(async () => {
        for await (const chunk of stream) chunks.push(chunk);
      });
      return [chunks, error];
    },
  },
  'that drops at once fails with the same error': {
    script: broken({ dropAfter: 0 }),
    live: (stream) => outcome(() => read(stream)),
  },
  'with an error event fails with the same error': {
    script: (dialect) => () =>
      sse([...dialect.events.slice(0, 2), { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }]),
    live: (stream) => outcome(() => read(stream)),
  },
  'without an event is empty': { script: () => () => sse([]), live: (stream) => outcome(() => read(stream)) },
  'with data that is no JSON fails with the same error': {
    script: (dialect) => () => sse([dialect.events[0], 'event: message_delta\ndata: {"broken\n\n']),
    live: (stream) => outcome(() => read(stream)),
  },
  'with comments and blank lines': {
    script: (dialect) => () => sse([': keep-alive\n\n', ...dialect.events, '\n\n']),
    live: (stream) => outcome(() => read(stream)),
  },
  'cut anywhere into pieces': { script: broken({ pieces: 37 }), live: read },
};

const signals: Readonly<
  Record<string, { script?: (dialect: Dialect) => Script; live: (dialect: Dialect) => Scenario }>
> = {
  'aborted by the app’s signal while reading': {
    script: broken({ stallAfter: 4 }),
    live: (dialect) => async (client) => {
      const stop = new AbortController();
      const stream = await dialect.askStream(client, {}, { signal: stop.signal });
      let chunks = 0;
      const end = await outcome(async () => {
        for await (const _ of stream) if (++chunks === 2) stop.abort();
      });
      return [chunks, end];
    },
  },
  'aborted by the app’s signal before reading': {
    script: broken({ stallAfter: 4 }),
    live: (dialect) => async (client) => {
      const stop = new AbortController();
      const stream = await dialect.askStream(client, {}, { signal: stop.signal });
      stop.abort();
      return await outcome(() => read(stream));
    },
  },
  'two at once do not mix': {
    live: (dialect) => async (client) => {
      const streams = await Promise.all([dialect.askStream(client), dialect.askStream(client)]);
      return await Promise.all(streams.map(read));
    },
  },
};

export function streamChecks(dialect: Dialect): Check[] {
  const plain = Object.entries(cases).map(([name, { script, live }]) => ({
    group: 'streams',
    name,
    async run(trial) {
      const { spans } = await trial.same((script ?? broken({}))(dialect), async (client) =>
        live(await dialect.askStream(client), dialect),
      );
      if (spans.all.length === 1) return;
      // The chat stream of openai 7 asks its iterator only when it is read.
      await collect();
      new Spans(exporter.getFinishedSpans()).has({ 'routescope.ending': 'never_read' });
    },
  })) satisfies Check[];
  const rest = Object.entries(signals).map(([name, { script, live }]) => ({
    group: 'streams',
    name,
    async run(trial) {
      const { spans } = await trial.same((script ?? broken({}))(dialect), live(dialect));
      assert.equal(spans.all.length, name.startsWith('two') ? 2 : 1);
    },
  })) satisfies Check[];
  return [...plain, ...rest];
}
