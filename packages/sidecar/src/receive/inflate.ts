/** A body inflated, within a limit that holds whatever the body says of itself. */
import { gunzip, gunzipSync } from 'node:zlib';
import { NotInflatable, slackBytes, TooLarge } from './body.ts';
import { unzstd } from './zstd.ts';

const largeBytes = 256 * 1024;

/** @throws TooLarge, NotInflatable. */
export async function inflate(body: Uint8Array, encoding: 'gzip' | 'zstd', limit: number): Promise<Buffer> {
  return encoding === 'gzip' ? ungzip(body, limit) : unzstd(body, limit);
}

async function ungzip(body: Uint8Array, limit: number): Promise<Buffer> {
  // The trailer says how much comes out, so one chunk will do; the sender wrote it, so it is not believed beyond reason.
  const said = body.length >= 4 ? Buffer.from(body.buffer, body.byteOffset + body.length - 4, 4).readUInt32LE() : 0;
  const options = {
    maxOutputLength: limit,
    chunkSize: Math.max(16 * 1024, Math.min(said + slackBytes, body.length * 20, limit)),
  };
  try {
    if (body.length < largeBytes) return gunzipSync(body, options);
    return await new Promise((resolve, reject) =>
      gunzip(body, options, (problem, inflated) => (problem ? reject(problem) : resolve(inflated))),
    );
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new TooLarge(`the body inflates to more than ${limit} bytes`);
    throw new NotInflatable(
      `the body says it is gzip and is not: ${problem instanceof Error ? problem.message : String(problem)}`,
    );
  }
}
