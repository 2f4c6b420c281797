/**
 * How a client's method is watched without changing what the app gets: the same promise with all its methods, the same
 * stream, the same errors, and an unhandled rejection exactly where the bare client has one.
 *
 * Both SDKs return an APIPromise that has sent the request and parses its body when somebody asks. So nothing here may
 * call `then` on it (that would consume the body before `asResponse()`); instead its parts are replaced, before
 * anybody holds it:
 *
 *     responsePromise   what comes before a body: status, connection, retries  → failed
 *     parseResponse     what comes of the body                                 → answer, stream, failed
 *     asResponse        the app takes the raw response, nobody parses          → raw
 *     _thenUnwrap       the SDK's own way to map the answer, for its helpers   → the mapped promise, watched too
 *
 * Every function put on them has a name of its own first. `promise.parseResponse = () => …` would do the same and cost a
 * third more: V8 takes a function literal that is assigned to a property for one that stays, and allocates it among the
 * old, where it keeps all that the call has left behind until the next full collection.
 */
import { countFailure, guard } from '../telemetry.ts';
import { waitingFor } from './background.ts';
import type { InferenceSpan } from './inference.ts';
import { closeUnlessTaken, closeWhenDropped, opened } from './open.ts';

/** What is watched, and what of it the app does not see because it never asked for it. */
export interface Watch {
  readonly inference: InferenceSpan;
  /** The body that is sent: the app's own, or a copy with what we need. */
  readonly body: unknown;
  /** The chunk as the app would have got it without us; undefined hides it. Absent: as it is. */
  readonly show?: ((chunk: unknown) => unknown) | undefined;
}

/** The inferences of one tool loop. */
export interface Loop {
  steps: number;
}

// biome-ignore lint/suspicious/noExplicitAny: the SDKs' internals have no public types.
type Internal = any;

/** Told by a registered symbol, so that two copies of this package know each other's patches. */
const patched: unique symbol = Symbol.for('routescope.observed') as never;
/**
 * Rides on the request options, which SDKs and their tool loops hand on by spreading: so a request that is sent again
 * is known to be this inference's, and an inference to be that loop's, also when a tool makes inferences of its own.
 */
const rider: unique symbol = Symbol('routescope.rider') as never;

/** Replaces a method of `owner`, if it has it. `begin` may throw: then the call runs unwatched. */
export function patchMethod(owner: Internal, name: string, begin: (body: unknown, loop: Loop | undefined) => Watch) {
  replace(owner, name, (original) => {
    return function (this: unknown, ...given: Internal[]): unknown {
      const watch = guard(() => begin(given[0], loopOf(given[1])));
      if (watch === undefined) return original.apply(this, given);
      const { inference } = watch;
      given[0] = watch.body;
      given[1] = withRider(given[1], watch);
      try {
        return watched(inference.run(original, this, given), watch);
      } catch (error) {
        inference.end('failed', error);
        throw error;
      }
    };
  });
}

/** The loop whose helper is being called right now. */
let beginning: Loop | undefined;
export const currentLoop = (): Loop | undefined => beginning;

/** Numbers the inferences that a helper makes turn by turn. */
export function patchLoop(owner: Internal, name: string): void {
  replace(owner, name, (original) => {
    return function (this: unknown, body: unknown, options: Internal, ...rest: unknown[]): unknown {
      const loop: Loop = { steps: 0 };
      const outer = beginning;
      beginning = loop;
      try {
        return original.call(this, body, withRider(options, loop), ...rest);
      } finally {
        beginning = outer;
      }
    };
  });
}

/**
 * Shows the lines of a result file, as the app reads them, to `line`. The method is async in every SDK that has it: it
 * returns a promise like any other, which may be followed by one more.
 */
export function patchResults(owner: Internal, name: string, line: (line: unknown) => void): void {
  replace(owner, name, (original) => {
    return function (this: unknown, ...given: unknown[]): unknown {
      return original.apply(this, given).then((lines: Internal) => {
        const iterate = lines?.[Symbol.asyncIterator];
        if (typeof iterate !== 'function') return lines;
        const value = () => {
          const source = iterate.call(lines);
          const { next } = source;
          source.next = () =>
            next.call(source).then((result: IteratorResult<unknown>) => {
              if (!result.done) guard(() => line(result.value));
              return result;
            });
          return source;
        };
        Object.defineProperty(lines, Symbol.asyncIterator, { value, writable: true, configurable: true });
        return lines;
      });
    };
  });
}

/** Shows what comes of a look at an answer, by its id, to the inference that waits for it. */
export function patchLook(owner: Internal, name: string): void {
  replace(owner, name, (original) => {
    return function (this: unknown, id: unknown, ...rest: unknown[]): unknown {
      const promise = original.call(this, id, ...rest);
      const inference = waitingFor<InferenceSpan>(id);
      const { parseResponse } = promise ?? {};
      if (inference === undefined || typeof parseResponse !== 'function') return promise;
      const [see] = reading({ inference, body: undefined });
      const parse = (...given: unknown[]) => parseResponse.apply(promise, given).then(see);
      promise.parseResponse = parse;
      return promise;
    };
  });
}

/** Counts what the SDK sends again by itself. */
export function patchRetries(client: Internal): void {
  replace(client, 'retryRequest', (original) => {
    return function (this: unknown, options: Internal, ...rest: unknown[]): unknown {
      guard(() => options?.[rider]?.inference?.resent());
      return original.call(this, options, ...rest);
    };
  });
}

/**
 * Sends the trace context with each try, as Anthropic's own tracing does: after the app's and the SDK's headers, and
 * after what a cloud signs.
 */
export function patchTraceContext(client: Internal): void {
  replace(client, 'fetchWithTimeout', (original) => {
    return function (this: unknown, url: unknown, request: Internal, ...rest: Internal[]): unknown {
      guard(() => {
        const watch = rest.find((each) => each?.[rider])?.[rider];
        const context = Object.entries<string>(watch?.inference?.traceContext() ?? {});
        if (context.length === 0) return;
        request.headers = new Headers(request.headers);
        for (const [name, value] of context) request.headers.set(name, value);
      });
      return original.call(this, url, request, ...rest);
    };
  });
}

/** Puts a method of the instance before the class's own, to be seen by nobody who does not look for it. */
export function replace(owner: Internal, name: string, make: (original: Internal) => Internal): void {
  const original = owner?.[name];
  if (typeof original !== 'function' || original[patched]) return;
  const value = make(original);
  Object.defineProperties(value, {
    [patched]: { value: true },
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  });
  Object.defineProperty(owner, name, { value, writable: true, configurable: true });
}

const loopOf = (options: Internal): Loop | undefined => {
  const riding = options?.[rider];
  return typeof riding?.steps === 'number' ? riding : undefined;
};

/** Options that are no plain object (a promise of them, in some methods) stay as they are. */
export function withRider(options: Internal, value: Watch | Loop): unknown {
  if (options === undefined || options === null) return { [rider]: value };
  const prototype = typeof options === 'object' ? Object.getPrototypeOf(options) : undefined;
  return prototype === Object.prototype || prototype === null ? { ...options, [rider]: value } : options;
}

function watched(promise: Internal, watch: Watch): unknown {
  const { inference } = watch;
  if (typeof promise?._thenUnwrap !== 'function') {
    // Not what the SDKs make of a request: an app's subclass. What can be watched without touching it, is.
    if (!(promise instanceof Promise)) inference.end('raw');
    return promise instanceof Promise ? promise.then(...reading(watch)) : promise;
  }
  opened(inference);
  const answered = (response: unknown): unknown => {
    inference.answered(response);
    if (promise.parsedPromise === undefined) closeUnlessTaken(watch);
    return response;
  };
  // Replaced, not only observed: an observer would make the rejection count as handled.
  const [read, failed] = reading(watch);
  promise.responsePromise = promise.responsePromise.then(answered, failed);
  const { parseResponse } = promise;
  const parse = (client: unknown, props: unknown) => {
    inference.taken();
    return parseResponse.call(promise, client, props).then(read, failed);
  };
  promise.parseResponse = parse;
  return watchRest(promise, watch);
}

/** Watches a promise that a helper has built on the response of one that is watched. */
export function watchBuiltOn(promise: Internal): unknown {
  const { parseResponse } = promise;
  const parse = (client: unknown, props: Internal) => {
    const watch: Watch | undefined = props?.options?.[rider];
    const parsed = parseResponse.call(promise, client, props);
    if (watch?.inference === undefined) return parsed;
    watch.inference.taken();
    return parsed.then(...reading(watch));
  };
  promise.parseResponse = parse;
  return promise;
}

/** What becomes of a promise that is mapped, or whose raw response is taken. */
function watchRest(promise: Internal, watch: Watch): unknown {
  const { inference } = watch;
  const { asResponse, _thenUnwrap } = promise;
  const respond = () =>
    asResponse.call(promise).then((response: unknown) => {
      // withResponse() asks for the response too, after it has begun to parse; then the body will be read.
      if (!inference.isTaken) inference.end('raw');
      return response;
    });
  promise.asResponse = respond;
  // openai 7 gives each promise its own, which knows nothing of the parts replaced here.
  const isOwn = Object.hasOwn(promise, '_thenUnwrap');
  const unwrap = (map: (data: unknown, ...more: unknown[]) => unknown) => {
    if (!isOwn) return watchRest(_thenUnwrap.call(promise, map), watch);
    const see = reading(watch)[0];
    const mapped = _thenUnwrap.call(promise, (data: unknown, ...more: unknown[]) => map(see(data), ...more));
    mapped.responsePromise = promise.responsePromise;
    const { parseResponse } = mapped;
    const parse = (client: unknown, props: unknown) => {
      inference.taken();
      return parseResponse.call(mapped, client, props).catch(failing(inference));
    };
    mapped.parseResponse = parse;
    return watchRest(mapped, watch);
  };
  promise._thenUnwrap = unwrap;
  return promise;
}

/** What to do with the parsed answer, and with the failure to get one. */
function reading(watch: Watch): [(data: Internal) => unknown, (error: unknown) => never] {
  const { inference } = watch;
  const read = (data: Internal): unknown => {
    if (typeof data?.iterator === 'function' && data.controller !== undefined) return watchStream(data, watch);
    if (typeof data?.arrayBuffer === 'function')
      inference.end('raw'); // sound, read by nobody here
    else {
      inference.answer(data);
      inference.end('complete');
    }
    return data;
  };
  return [read, failing(inference)];
}

const failing =
  (inference: InferenceSpan) =>
  (error: unknown): never => {
    inference.fail(error);
    throw error;
  };

/**
 * Watches the stream's own iterator, which `for await`, `tee()`, `toReadableStream()` and the helpers all go through.
 * Stream and iterator stay the SDK's; the iterator's methods are put before the class's own.
 */
function watchStream(stream: Internal, watch: Watch): unknown {
  const { inference } = watch;
  const iterate = stream.iterator;
  let isWatched = false;
  inference.streams();
  closeWhenDropped(watch);
  const watchedIterate = () => {
    const source = iterate.call(stream);
    if (isWatched) return source; // a second reader gets the SDK's error, which is none of the inference
    isWatched = true;
    guard(() => {
      const { next, return: close, throw: cancel } = source;
      const failed = failing(inference);
      const arrived = (result: IteratorResult<unknown>): unknown => {
        if (result.done) {
          inference.end(stream.controller.signal?.aborted ? 'aborted' : 'complete');
          return result;
        }
        inference.chunk(result.value);
        // Read from `watch`, so that the iterator holds it: a loop that reads on holds nothing else of all this.
        return watch.show === undefined || isShown(watch.show, result) ? result : pull();
      };
      // `then`, not an async function: one promise less for each chunk.
      const pull = (): Promise<unknown> => next.call(source).then(arrived, failed);
      const leave = (value: unknown) => {
        inference.end(stream.controller.signal?.aborted ? 'aborted' : 'break');
        return close.call(source, value);
      };
      const giveUp = (error: unknown) => {
        inference.end('break');
        return cancel.call(source, error);
      };
      Object.assign(source, { next: pull, return: leave, throw: giveUp });
    });
    return source;
  };
  stream.iterator = watchedIterate;
  return stream;
}

/** Puts what the app is to see in place of the chunk; false when that is nothing. */
function isShown(show: (chunk: unknown) => unknown, result: IteratorYieldResult<unknown>): boolean {
  try {
    const shown = show(result.value);
    if (shown === undefined) return false;
    result.value = shown;
  } catch {
    countFailure();
  }
  return true;
}
