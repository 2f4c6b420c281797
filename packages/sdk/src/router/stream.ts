/**
 * A stream as an answer: its first chunk is awaited, so that a provider that fails before it is replaced by another, and
 * its text is kept beside it while the app reads, so that it can be judged at its end. The object stays the SDK's.
 */

// biome-ignore lint/suspicious/noExplicitAny: told apart by shape, the SDKs' internals have no public types.
type Internal = any;

/** Text kept for the late verdict; a longer answer is judged by its beginning. */
const maxText = 1_048_576;

export interface OpenedStream {
  /** Resolves with the text once the app has read all of it; never when it stops before. */
  readonly whole: Promise<string>;
}

/** A stream of either SDK: it is the answer before anybody has read it. */
export const isStream = (value: unknown): boolean => {
  const stream = value as Internal;
  return typeof stream?.[Symbol.asyncIterator] === 'function' && stream.controller !== undefined;
};

/**
 * Waits for the first chunk. Helpers that read by themselves (`.stream()`) are left alone.
 * @throws what the stream throws before its first chunk.
 */
export async function openStream(stream: Internal): Promise<OpenedStream | undefined> {
  if (typeof stream.iterator !== 'function') return undefined;
  const source: AsyncIterator<unknown> = stream.iterator();
  let first: IteratorResult<unknown> | undefined = await source.next();
  let told: (text: string) => void = () => {};
  const whole = new Promise<string>((resolve) => {
    told = resolve;
  });
  let text = '';
  const seen = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done) told(text);
    else if (text.length < maxText) text += textOf(result.value);
    return result;
  };
  const iterator: AsyncIterableIterator<unknown> = {
    next: () => {
      const result = first;
      first = undefined;
      return result === undefined ? source.next().then(seen) : Promise.resolve(seen(result));
    },
    return: (value?: unknown) =>
      source.return ? source.return(value) : Promise.resolve({ done: true as const, value }),
    throw: (error?: unknown) => (source.throw ? source.throw(error) : Promise.reject(error)),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  const original = stream.iterator;
  let isFirst = true;
  // Reading a second time is the SDK's error to raise.
  const iterate = () => {
    if (!isFirst) return original.call(stream);
    isFirst = false;
    return iterator;
  };
  stream.iterator = iterate;
  return { whole };
}

function textOf(chunk: Internal): string {
  const piece =
    chunk?.choices?.[0]?.delta?.content ??
    (chunk?.type === 'content_block_delta' ? chunk.delta?.text : undefined) ??
    (chunk?.type === 'response.output_text.delta' ? chunk.delta : '');
  return typeof piece === 'string' ? piece : '';
}
