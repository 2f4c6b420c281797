/** A request's body, whole, within limits. */
import type { IncomingMessage } from 'node:http';
import type { Buffers } from './buffers.ts';

export interface Limits {
  /** As sent. @default 20 MiB */
  readonly bodyBytes: number;
  /** Inflated. @default 64 MiB */
  readonly inflatedBytes: number;
  /** Bodies that are held at once, over all requests. @default 256 MiB */
  readonly heldBytes: number;
}

const MiB = 1024 * 1024;
export const defaultLimits: Limits = { bodyBytes: 20 * MiB, inflatedBytes: 64 * MiB, heldBytes: 256 * MiB };

/** The first `length` bytes of a buffer that may be longer. */
export interface Body {
  readonly buffer: Buffer;
  readonly length: number;
}

/** The body is larger than we take. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** The body is not in the encoding it says it is in. */
export class NotInflatable extends Error {
  override readonly name = 'NotInflatable';
}

/** More bodies are held than may be. */
class Busy extends Error {
  override readonly name = 'Busy';
}

/** The sender went away before its body was whole; nobody waits for an answer. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
}

export const contentEncodings = ['identity', 'gzip', 'zstd'] as const;
export type ContentEncoding = (typeof contentEncodings)[number];

/** How far behind the end of a body is looked, before it is known that it ends there. */
export const slackBytes = 256;

/**
 * The body as sent, in a buffer that is to be given back when it is no longer needed.
 * @param hold asked for every chunk whether it may be held
 * @throws TooLarge as soon as it is known, Busy, Aborted.
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  buffers: Buffers,
  hold: (bytes: number) => boolean,
): Promise<Body> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit)
    return Promise.reject(new TooLarge(`the body has ${announced} bytes, at most ${limit} are taken`));
  return new Promise((resolve, reject) => {
    let buffer = buffers.take(announced + slackBytes);
    let length = 0;
    const fail = (problem: Error): void => {
      if (length < 0) return;
      length = -1;
      buffers.give(buffer);
      request.pause().removeListener('data', take);
      reject(problem);
    };
    const take = (chunk: Buffer) => {
      const after = length + chunk.length;
      if (after > limit) return fail(new TooLarge(`the body has more than ${limit} bytes`));
      if (!hold(chunk.length)) return fail(new Busy('too many bodies are held'));
      if (after + slackBytes > buffer.length) {
        const larger = buffers.take(2 * after + slackBytes);
        buffer.copy(larger, 0, 0, length);
        buffers.give(buffer);
        buffer = larger;
      }
      buffer.set(chunk, length);
      length = after;
    };
    request.on('data', take);
    request.once('end', () => {
      if (length >= 0) resolve({ buffer, length });
    });
    request.once('error', () => fail(new Aborted('the sender went away')));
    request.once('close', () => {
      if (!request.complete) fail(new Aborted('the sender went away'));
    });
  });
}
