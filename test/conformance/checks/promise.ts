/** The promise that a method returns: everything an app can do with it, on a whole answer and on a stream. */
import assert from 'node:assert/strict';
import type { Dialect } from '../dialect.ts';
import { type Check, type Client, outcome, turns } from '../trial.ts';
import { json, type Script } from '../wire.ts';

type Use = (promise: Client, dialect: Dialect, client: Client) => Promise<unknown>;

const wholeUses: Readonly<Record<string, Use>> = {
  'await gives the answer': async (promise) => await promise,
  'then() gives the answer': (promise) => promise.then((answer: unknown) => answer),
  'then() without arguments passes on': (promise) => promise.then(),
  'catch() passes the answer on': (promise) => promise.catch(() => 'caught'),
  'finally() passes the answer on': async (promise) => {
    let ran = 0;
    const answer = await promise.finally(() => ran++);
    return [answer, ran];
  },
  'withResponse() gives answer and response': async (promise) => {
    const { data, response } = await promise.withResponse();
    return [data, response.status, response.headers.get('content-type')];
  },
  'withResponse() has the request id': async (promise) => (await promise.withResponse()).request_id,
  'withResponse() has the keys it has': async (promise) => Object.keys(await promise.withResponse()),
  'asResponse() leaves the body to the app': async (promise) => {
    const response = await promise.asResponse();
    return [response.bodyUsed, await response.json()];
  },
  'asResponse() gives the bytes': async (promise) => await (await promise.asResponse()).text(),
  'asResponse(), then await': async (promise) => {
    const response = await promise.asResponse();
    return [response.status, await outcome(promise)];
  },
  'asResponse() and await at once': async (promise) => {
    const [response, answer] = await Promise.all([promise.asResponse(), promise]);
    return [response.status, answer];
  },
  'awaited twice is the same object': async (promise) => {
    const first = await promise;
    return [first === (await promise), first];
  },
  'then() twice is one request': async (promise) =>
    await Promise.all([promise.then((a: unknown) => a), promise.then((a: unknown) => a)]),
  'withResponse() twice': async (promise) => {
    const [one, two] = await Promise.all([promise.withResponse(), promise.withResponse()]);
    return one.data === two.data;
  },
  'Promise.all of it': async (promise) => await Promise.all([promise, 1]),
  'Promise.race of it': async (promise) => await Promise.race([promise, new Promise(() => {})]),
  'Promise.allSettled of it': async (promise) => await Promise.allSettled([promise]),
  'Promise.resolve() of it': async (promise) => await Promise.resolve(promise),
  'returned from an async function': async (promise) => await (async () => promise)(),
  'is a Promise': async (promise) => [promise instanceof Promise, await promise],
  'is of the SDK’s own class': async (promise) => [promise.constructor, Object.getPrototypeOf(promise), await promise],
  'prints as a promise': async (promise) => [Object.prototype.toString.call(promise), await promise],
  'has the methods of the SDK': async (promise) => {
    const methods = ['then', 'catch', 'finally', 'withResponse', 'asResponse', '_thenUnwrap', 'parse'];
    return [methods.map((name) => [name, typeof promise[name], promise[name]?.length]), await promise];
  },
  '_thenUnwrap() maps the answer': async (promise) =>
    await promise._thenUnwrap((answer: { id: string }) => ({ mapped: answer.id })),
  '_thenUnwrap() twice maps twice': async (promise) =>
    await promise._thenUnwrap((a: { id: string }) => [a.id])._thenUnwrap((a: string[]) => [...a, 'again']),
  '_thenUnwrap() keeps withResponse()': async (promise) => {
    const { data, response } = await promise._thenUnwrap((a: { id: string }) => a.id).withResponse();
    return [data, response.status];
  },
  '_thenUnwrap() that throws rejects': async (promise) =>
    await outcome(
      promise._thenUnwrap(() => {
        throw new RangeError('mapped badly');
      }),
    ),
  'has the request id beside the answer': async (promise) => {
    const answer = await promise;
    return [answer._request_id, Object.keys(answer).includes('_request_id')];
  },
  'settles in the same order as another promise': async (promise) => {
    const order: string[] = [];
    await Promise.all([promise.then(() => order.push('answer')), Promise.resolve().then(() => order.push('tick'))]);
    return order;
  },
  'an error in then() is the app’s own': async (promise) =>
    await outcome(
      promise.then(() => {
        throw new RangeError('of the app');
      }),
    ),
  'two at once do not mix': async (promise, dialect, client) =>
    (await Promise.all([promise, dialect.ask(client, { temperature: 0 })])).map(({ id }) => id),
  'awaited later is the same': async (promise) => {
    await turns();
    return await promise;
  },
};

const streamUses: Readonly<Record<string, Use>> = {
  'await gives a stream of the SDK’s class': async (promise) => {
    const stream = await promise;
    return [stream.constructor, await read(stream)];
  },
  'then() gives the stream': async (promise) => await promise.then(read),
  'withResponse() gives stream and response': async (promise) => {
    const { data, response } = await promise.withResponse();
    return [response.status, await read(data)];
  },
  'asResponse() gives the bytes': async (promise) => await (await promise.asResponse()).text(),
  'awaited twice is the same stream': async (promise) => {
    const [one, two] = [await promise, await promise];
    return [one === two, await read(one)];
  },
  '_thenUnwrap() gets the stream': async (promise) =>
    await read(await promise._thenUnwrap((stream: unknown) => stream)),
  'finally() passes the stream on': async (promise) => await read(await promise.finally(() => {})),
};

export async function read(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

export function promiseChecks({ whole, stream }: Dialect): Check[] {
  const answers: Script = () => json(whole);
  const streams: Script = () => stream();
  const of = (uses: Readonly<Record<string, Use>>, script: Script, kind: 'ask' | 'askStream', what: string): Check[] =>
    Object.entries(uses).map(([name, use]) => ({
      group: 'promise',
      name: `${what}: ${name}`,
      async run(trial) {
        const { dialect } = trial;
        const { spans } = await trial.same(script, (client) => use(dialect[kind](client), dialect, client));
        assert.equal(spans.all.length, name.includes('two at once') ? 2 : 1);
      },
    }));
  return [...of(wholeUses, answers, 'ask', 'an answer'), ...of(streamUses, streams, 'askStream', 'a stream')];
}
