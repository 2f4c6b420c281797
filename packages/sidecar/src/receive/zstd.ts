/**
 * Zstandard, which Node 20's zlib does not have: the reference decoder as WebAssembly, given no more room than the frames
 * can fill. Their headers are read here first (RFC 8878, section 3.1.1), because the decoder believes what they say.
 */
import { ZSTDDecoder } from 'zstddec';
import { NotInflatable, TooLarge } from './body.ts';

const blockBytes = 128 * 1024;
const decoder = new ZSTDDecoder();

/** @throws TooLarge, NotInflatable. */
export async function unzstd(body: Uint8Array, limit: number): Promise<Buffer> {
  const most = mostOf(body);
  if (most === 0) return Buffer.alloc(0);
  await decoder.init();
  const inflated = decoder.decode(body, Math.min(most, limit));
  // The decoder gives nothing both when the room is short and when a block is broken.
  if (inflated.length === 0 && most > limit) throw new TooLarge(`the body inflates to more than ${limit} bytes`);
  if (inflated.length === 0) throw new NotInflatable('the body says it is zstd and is not: a block is broken');
  return Buffer.from(inflated.buffer, inflated.byteOffset, inflated.length);
}

/** The most bytes the frames can inflate to, by the sizes in their headers. */
function mostOf(body: Uint8Array): number {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let most = 0;
  let at = 0;
  try {
    while (at < body.length) {
      const magic = view.getUint32(at, true);
      if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
        at += 8 + view.getUint32(at + 4, true); // a frame to be skipped
        continue;
      }
      if (magic !== 0xfd2fb528) throw new NotInflatable(`the body says it is zstd and is not, at byte ${at}`);
      const descriptor = view.getUint8(at + 4);
      const isSingle = (descriptor & 0x20) !== 0;
      const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
      const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
      at += 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes;
      for (let isLast = false; !isLast; ) {
        const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
        isLast = (header & 1) === 1;
        const kind = (header >> 1) & 3;
        const size = header >> 3;
        // Raw and run-length blocks say what they hold; a compressed block holds at most 128 KiB.
        most += kind === 2 ? blockBytes : size;
        at += 3 + (kind === 1 ? 1 : size);
      }
      if ((descriptor & 4) !== 0) at += 4;
    }
  } catch (problem) {
    if (problem instanceof NotInflatable) throw problem;
    throw new NotInflatable('the body says it is zstd and ends early');
  }
  if (at > body.length) throw new NotInflatable('the body says it is zstd and ends early');
  return most;
}
