/**
 * The wrapper broken on purpose, each time in one place: a suite that does not notice proves nothing there. A mutant is
 * a piece of the compiled SDK that another is put for; nothing is written to disk (see `mutate.ts`).
 */
export interface Mutant {
  /** What the broken wrapper does. */
  readonly name: string;
  /** Below packages/sdk/dist. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const patch = 'observe/patch.js';
const inference = 'observe/inference.js';
const observe = 'observe/observe.js';
const open = 'observe/open.js';
const copy = 'observe/copy.js';
const chat = 'observe/apis/chat-completions.js';
const messages = 'observe/apis/messages.js';
const messagesUsage = 'observe/apis/messages-usage.js';
const responses = 'observe/apis/responses.js';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: pieces of code
// biome-ignore format: a table is read by its rows
const table: readonly (readonly [file: string, name: string, from: string, to: string])[] = [
  // What the app gets.
  [patch, 'returns a plain promise', 'return watched(inference.run(original, this, given), watch);', 'return Promise.resolve(watched(inference.run(original, this, given), watch));'],
  [patch, 'swallows a rejection nobody handles', 'promise.responsePromise = promise.responsePromise.then(answered, failed);', 'promise.responsePromise = promise.responsePromise.then(answered, failed); promise.responsePromise.catch(() => {});'],
  [patch, 'raises a rejection that was handled', 'promise.responsePromise = promise.responsePromise.then(answered, failed);', 'promise.responsePromise = promise.responsePromise.then(answered, failed); promise.responsePromise.then(() => {});'],
  [patch, 'throws an error of its own', 'inference.fail(error);\n    throw error;', 'inference.fail(error);\n    throw new Error(error.message, { cause: error });'],
  [patch, 'makes of a failure an answer', 'inference.fail(error);\n    throw error;', 'inference.fail(error);\n    return undefined;'],
  [patch, 'reads the body before the app asks', 'promise.parseResponse = parse;\n    return watchRest(promise, watch);', 'promise.parseResponse = parse;\n    promise.then(() => {}, () => {});\n    return watchRest(promise, watch);'],
  [patch, 'adds a field to the answer', 'inference.answer(data);\n', 'inference.answer(data); data.observed = true;\n'],
  [patch, 'gives a copy of the answer', 'inference.end(\'complete\');\n        }\n        return data;', 'inference.end(\'complete\');\n        }\n        return data && typeof data === \'object\' && !data.arrayBuffer ? { ...data } : data;'],
  [patch, 'forgets to abort on break', 'return close.call(source, value);', 'return Promise.resolve({ done: true, value });'],
  [patch, 'loses the value of return()', 'return close.call(source, value);', 'return close.call(source);'],
  [patch, 'drops a chunk', 'inference.chunk(result.value);', 'inference.chunk(result.value); if (result.value?.choices?.[0]?.finish_reason || result.value?.type === \'message_stop\') return pull();'],
  [patch, 'reads a chunk ahead', 'const pull = () => next.call(source).then(arrived, failed);', 'const ahead = next.call(source); let first = true; const pull = () => (first ? ((first = false), ahead) : next.call(source)).then(arrived, failed);'],
  [patch, 'lets a stream be read twice', 'if (isWatched)\n            return source;', 'if (isWatched)\n            return [][Symbol.iterator]();'],
  [patch, 'freezes chunks', 'inference.chunk(result.value);', 'inference.chunk(Object.freeze(result.value));'],
  [patch, 'loses the options of a request', 'given[1] = withRider(given[1], watch);', 'given[1] = undefined;'],
  [patch, 'changes the options it was given', '{ ...options, [rider]: value } : options;', '((options[rider] = value), options) : options;'],
  [patch, 'shows its mark on a request', "const rider = Symbol('routescope.rider');", "const rider = 'routescopeRider';"],
  [patch, 'calls the method without its resource', 'inference.run(original, this, ', 'inference.run(original, undefined, '],
  [patch, 'renames the method', 'name: { value: original.name, configurable: true },', ''],
  [patch, 'changes the length of the method', 'length: { value: original.length, configurable: true },', ''],
  [patch, 'shows the method among the keys', 'Object.defineProperty(owner, name, { value, writable: true, configurable: true });\n}', 'owner[name] = value;\n}'],
  [patch, 'breaks helpers that map the answer', 'if (!isOwn)\n            return watchRest(_thenUnwrap.call(promise, map), watch);', 'if (!isOwn)\n            return promise.then(map);'],
  [observe, 'changes the body it was given', 'const copied = { ...asking, stream_options', 'const copied = Object.assign(asking, { stream_options: { include_usage: true } }); const unused = { stream_options'],
  [observe, 'shows the usage nobody asked for', 'return { inference, body: copied, show: withoutUsage };', 'return { inference, body: copied };'],
  [observe, 'asks every server for usage', 'openaiHost.test(address) || isLoopback(address)', 'true'],
  [observe, 'observes the client it was given', "const copy = copyOf(client, kind === 'anthropic' ? { openTelemetry: false } : {});", 'const copy = client;'],
  [observe, 'loses its clones', 'instrument(original.call(copy, changes), kind, options, sendsContext)', 'original.call(copy, changes)'],
  [observe, 'makes two spans of one call', '{ openTelemetry: false }', '{}'],
  [copy, 'forgets the headers of the client', 'const settings = { ...ownOptions(client), ...changes };', 'const settings = { ...ownOptions(client), ...changes, defaultHeaders: undefined };'],
  [copy, 'forgets a key that was set later', "...(typeof asked === 'string' && typeof apiKey === 'string' && apiKey !== asked && { apiKey }),", ''],
  [copy, 'makes a copy of another class', 'Reflect.construct(own, [options], client.constructor)', 'Reflect.construct(own, [options])'],
  [copy, 'retries more often', 'const settings = { ...ownOptions(client), ...changes };', 'const settings = { ...ownOptions(client), ...changes, maxRetries: 1 };'],
  // The span.
  [patch, 'leaves a span open when the body is no JSON', 'return parseResponse.call(promise, client, props).then(read, failed);', 'return parseResponse.call(promise, client, props).then(read);'],
  [patch, 'leaves a span open when the raw response is taken', "if (!inference.isTaken)\n            inference.end('raw');", ''],
  [patch, 'ends a span when withResponse() is called', "if (!inference.isTaken)\n            inference.end('raw');", "inference.end('raw');"],
  [patch, 'leaves a span open when a stream fails', 'const pull = () => next.call(source).then(arrived, failed);', 'const pull = () => next.call(source).then(arrived);'],
  [patch, 'calls a break an end', "inference.end(stream.controller.signal?.aborted ? 'aborted' : 'break');", "inference.end('complete');"],
  [patch, 'takes an abort for an end', "inference.end(stream.controller.signal?.aborted ? 'aborted' : 'complete');", "inference.end('complete');"],
  [patch, 'forgets retries', 'guard(() => options?.[rider]?.inference?.resent());', ''],
  [patch, 'forgets whose step it is', "return typeof riding?.steps === 'number' ? riding : undefined;", 'return undefined;'],
  [patch, 'loses a stream that is being read to the garbage collector', 'watch.show === undefined || isShown(watch.show, result) ? result : pull()', 'result'],
  [open, 'leaves what is dropped open', 'if (!inference.isWaiting)\n        inference.drop();\n', ''],
  [open, 'forgets what is open at the end', 'inference.drop();\n        closed', 'closed'],
  [inference, 'ends a span twice', 'if (this.#hasEnded || (', 'if (('],
  [inference, 'is no parent of the HTTP spans', 'context.with(withSpan(this.#parent, this.#span), once);', 'once();'],
  [inference, 'lets a broken context manager break a call', 'countFailure();\n            if (!hasBegun)\n                once();', 'throw problem;'],
  [inference, 'lets a broken clock break a stream', 'catch {\n            countFailure();\n        }\n    }\n    /** It ends', 'catch (problem) {\n            throw problem;\n        }\n    }\n    /** It ends'],
  ['telemetry.js', 'lets broken telemetry break a call', 'failures++;\n        return undefined;', 'throw new Error(\'telemetry\');'],
  [inference, 'puts the provider’s message on the span', 'message: failure });', 'message: String(error) });'],
  [inference, 'ends a dropped span when it is noticed', 'this.end(ending, undefined, this.#heardAt);', 'this.end(ending);'],
  [inference, 'says again at its end what a processor has changed', 'endSpan(span, endedAt, said);', 'endSpan(span, endedAt, { ...said, "gen_ai.request.model": this.#requestModel });'],
  ['observe/active.js', 'hides from HTTP spans what the app has in its context', ': this.#parent.getValue(key)', ': undefined'],
  [patch, 'leaves what nobody takes open', 'if (promise.parsedPromise === undefined)', 'if (false)'],
  [observe, 'sends no trace context', 'if (sendsContext)', 'if (false)'],
  [observe, 'sends trace context that nobody asked for', 'openTelemetry?.propagation === true', 'true'],
  [inference, 'measures the first chunk from the last', 'if (this.#firstChunkAt === undefined)\n                this.#firstChunkAt = at;', 'this.#firstChunkAt = at;\n            if (false) ;'],
  // What it says.
  ['content/settings.js', 'leaks content with content off', "mode: 'off', maxBytes: 0", "mode: 'full', maxBytes: 9_999"],
  [inference, 'leaks the prompt into the name', '`${api.operation} ${this.#requestModel}`', '`${api.operation} ${JSON.stringify(body.messages ?? body.input ?? body.prompt)}`'],
  ['observe/ending.js', 'leaks an error’s words into its type', 'if (isWord(name))', 'if (true)'],
  [chat, 'counts the tokens of every chunk together', 'usage = usageOf(latest, model) ?? usage;', 'const one = usageOf(latest, model); usage = usage && one ? { ...one, inputTokens: usage.inputTokens + one.inputTokens } : one ?? usage;'],
  [chat, 'forgets reasoning that is counted beside', 'outputTokens: beside > 0 ? (completion ?? 0) + beside : completion,', 'outputTokens: completion,'],
  [chat, 'lets an empty usage take the place of the last', 'if (input === null && completion === null)\n        return undefined;', ''],
  [messages, 'adds up what is cumulative', '                usage = { ...usage, [name]: value };', '                usage = { ...usage, [name]: typeof value === \'number\' ? (usage[name] ?? 0) + value : value };'],
  [messagesUsage, 'forgets what was read from the cache', 'fresh + (read ?? 0) + (written ?? 0)', 'fresh + (written ?? 0)'],
  [responses, 'misses the usage of a stream', "if (typeof said === 'object' && said !== null)\n                response = said;", ''],
  ['observe/provider.js', 'takes every server for the client’s maker', 'provider: told ?? byHost ?? kind', 'provider: kind'],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

export const mutants: readonly Mutant[] = table.map(([file, name, from, to]) => ({ name, file, from, to }));
