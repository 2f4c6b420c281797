/** A request's body, whole and inflated, within limits that hold before and after inflating. */
import type { IncomingMessage } from 'node:http';
import { gunzip, gunzipSync } from 'node:zlib';
import type { Buffers } from './buffers.ts';

export interface Limits {
  /** As sent. @default 20 MiB */
  readonly bodyBytes: number;
  /** Inflated. @default 64 MiB */
  readonly inflatedBytes: number;
}

export const defaultLimits: Limits = { bodyBytes: 20 * 1024 * 1024, inflatedBytes: 64 * 1024 * 1024 };

/** The body is larger than we take. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** The body cannot be inflated. */
export class NotGzip extends Error {
  override readonly name = 'NotGzip';
}

/**
 * @returns the bytes as sent, and the buffer they stand in, to be given back when they are no longer needed.
 * @throws TooLarge as soon as it is known.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  buffers: Buffers,
): Promise<{ body: Buffer; buffer: Buffer }> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) throw new TooLarge(`the body has ${announced} bytes, at most ${limit} are taken`);
  let buffer = buffers.take(Math.max(announced, 1));
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (length + chunk.length > limit) throw new TooLarge(`the body has more than ${limit} bytes`);
      if (length + chunk.length > buffer.length) {
        const larger = buffers.take((length + chunk.length) * 2);
        buffer.copy(larger, 0, 0, length);
        buffers.give(buffer);
        buffer = larger;
      }
      chunk.copy(buffer, length);
      length += chunk.length;
    }
  } catch (problem) {
    buffers.give(buffer);
    throw problem;
  }
  return { body: buffer.subarray(0, length), buffer };
}

const largeBytes = 256 * 1024;

/** @throws TooLarge or NotGzip. */
export async function inflate(body: Buffer, limit: number): Promise<Buffer> {
  // The trailer says how much comes out, so one chunk will do; the sender wrote it, so it is not believed beyond reason.
  const said = body.length >= 4 ? body.readUInt32LE(body.length - 4) : 0;
  const options = {
    maxOutputLength: limit,
    chunkSize: Math.max(16 * 1024, Math.min(said + 1, body.length * 20, limit)),
  };
  try {
    if (body.length < largeBytes) return gunzipSync(body, options);
    return await new Promise((resolve, reject) =>
      gunzip(body, options, (problem, inflated) => (problem ? reject(problem) : resolve(inflated))),
    );
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new TooLarge(`the body inflates to more than ${limit} bytes`);
    throw new NotGzip(
      `the body says it is gzip and is not: ${problem instanceof Error ? problem.message : String(problem)}`,
    );
  }
}
