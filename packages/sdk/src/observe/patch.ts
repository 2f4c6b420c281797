/**
 * How a client's method is watched without changing what the app gets: the same promise class with all its methods,
 * the same stream, the same errors, and an unhandled rejection exactly where the bare client has one.
 *
 * Both SDKs return an APIPromise that has sent the request and parses its body lazily. So nothing here may call `then`
 * on it (that would consume the body before `asResponse()`); instead its parts are replaced, before anybody holds it:
 *
 *     responsePromise   what comes before a body: status, connection, retries  → failed
 *     parseResponse     what comes of the body: JSON errors                    → failed
 *     _thenUnwrap       the SDK's own way to map the parsed answer             → answer, stream
 *     asResponse        the app takes the raw response, nobody parses          → raw
 */
import { guard } from '../telemetry.ts';
import { type InferenceSpan, isAbort } from './inference.ts';

/** What is watched, and what of it the app does not see because it never asked for it. */
export interface Watch {
  readonly inference: InferenceSpan;
  /** The body that is sent: the app's own, or a copy with what we need. */
  readonly body: unknown;
  /** Makes a chunk what the app would have got without us; false hides it. */
  readonly show: (chunk: unknown) => boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: the SDKs' internals have no public types.
type Internal = any;

/** Told by a registered symbol, so that two copies of this package know each other's patches. */
const patched: unique symbol = Symbol.for('routescope.observed') as never;

/** Replaces a method of `owner`, if it has it. `begin` may throw: then the call runs unwatched. */
export function patchMethod(owner: Internal, name: string, begin: (body: unknown) => Watch): void {
  const original = owner?.[name];
  if (typeof original !== 'function' || original[patched]) return;
  const observed = function (this: unknown, ...given: unknown[]): unknown {
    const watch = guard(() => begin(given[0]));
    if (watch === undefined) return original.apply(this, given);
    const { inference } = watch;
    try {
      const promise = inference.run(() => original.call(this, watch.body, ...given.slice(1)));
      return typeof promise?._thenUnwrap === 'function' ? watchPromise(promise, watch) : promise;
    } catch (error) {
      inference.end({ how: 'failed', error });
      throw error;
    }
  };
  Object.defineProperty(observed, patched, { value: true });
  Object.defineProperty(owner, name, { value: observed, writable: true, configurable: true });
}

function watchPromise(promise: Internal, watch: Watch): unknown {
  const { inference } = watch;
  const unwrapped = promise._thenUnwrap((data: Internal) => {
    if (isStream(data)) return watchStream(data, watch);
    inference.answer(data);
    inference.end({ how: 'complete' });
    return data;
  });
  return replaceParts(unwrapped, inference);
}

function replaceParts(promise: Internal, inference: InferenceSpan): unknown {
  const failed = (error: unknown): never => {
    inference.end(isAbort(error) ? { how: 'canceled', error } : { how: 'failed', error });
    throw error;
  };
  // Replaced, not only observed: an observer would make the rejection count as handled.
  if (promise.responsePromise)
    promise.responsePromise = promise.responsePromise.then((response: unknown) => response, failed);

  const { parseResponse, asResponse } = promise;
  if (typeof parseResponse === 'function') {
    promise.parseResponse = async function (this: unknown, ...given: unknown[]) {
      try {
        return await parseResponse.apply(this, given);
      } catch (error) {
        return failed(error);
      }
    };
  }
  promise.asResponse = () => {
    const response = asResponse.call(promise);
    // withResponse() asks for the response too, after it has begun to parse; then the body will be read.
    if (!promise.parsedPromise) response.then(() => inference.end({ how: 'raw' }), ignore);
    return response;
  };
  // openai 7 gives each promise its own `_thenUnwrap`, closed over the request it was made for; helpers map again.
  if (Object.hasOwn(promise, '_thenUnwrap')) {
    const own = promise._thenUnwrap;
    promise._thenUnwrap = (map: unknown) => {
      promise.responsePromise.catch(ignore); // the mapped promise carries the rejection on
      return replaceParts(own.call(promise, map), inference);
    };
  }
  return promise;
}

const isStream = (data: Internal): boolean => typeof data?.iterator === 'function' && data.controller !== undefined;

/**
 * Watches the stream's own iterator, which `for await`, `tee()`, `toReadableStream()` and the helpers all go through.
 * The stream object stays the SDK's.
 */
function watchStream(stream: Internal, { inference, show }: Watch): unknown {
  const iterate = stream.iterator;
  const isShown = (chunk: unknown): boolean => guard(() => show(chunk)) ?? true;
  stream.iterator = () => {
    const source: AsyncIterator<unknown> = iterate.call(stream);
    const canceled = (): void => inference.end({ how: 'canceled' });
    const failed = (error: unknown): never => {
      inference.end(isAbort(error) ? { how: 'canceled', error } : { how: 'failed', error });
      throw error;
    };
    const arrived = (result: IteratorResult<unknown>): IteratorResult<unknown> | Promise<IteratorResult<unknown>> => {
      if (result.done) {
        if (stream.controller.signal?.aborted) canceled();
        else inference.end({ how: 'complete' });
        return result;
      }
      inference.chunk(result.value);
      return isShown(result.value) ? result : next();
    };
    // `then`, not an async function: one promise less for each chunk.
    const next = (): Promise<IteratorResult<unknown>> => source.next().then(arrived, failed);
    return {
      next,
      async return(value?: unknown) {
        canceled();
        return source.return ? source.return(value) : { done: true as const, value };
      },
      async throw(error: unknown) {
        canceled();
        if (source.throw) return source.throw(error);
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };
  return stream;
}

function ignore(): void {}
