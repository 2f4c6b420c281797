/** A segment piece by piece, so that who reads slowly holds little of it. */
import { open } from 'node:fs/promises';
import { lengthAt } from './record.ts';

/**
 * Buffers of whole records, one behind the other in the file, each of about `pieceBytes` or of one larger record. What is
 * no whole record at the end is left out. The file stays open until the last piece, or until nobody asks for more.
 */
export async function* piecesOf(path: string, pieceBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for (let at = 0, wanted = pieceBytes; at < size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(wanted, size - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      const { end, needed } = wholeIn(buffer.subarray(0, bytesRead));
      if (end > 0) yield buffer.subarray(0, end);
      else if (needed <= bytesRead || needed > size - at) return;
      at += end;
      wanted = Math.max(pieceBytes, end > 0 ? 0 : needed);
    }
  } finally {
    await file.close();
  }
}

/** Where the last whole record ends, and how many bytes the first one takes. */
function wholeIn(bytes: Buffer): { readonly end: number; readonly needed: number } {
  let end = 0;
  let bounds = lengthAt(bytes, 0);
  const needed = bounds?.end ?? 0;
  for (; bounds !== undefined && bounds.end <= bytes.length; bounds = lengthAt(bytes, end)) end = bounds.end;
  return { end, needed };
}
