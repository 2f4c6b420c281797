/** The record on disk (spool.proto): its framing, its checksum, and the identity of the span in it. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The last field: tag of field 5, fixed32. */
export const crcTag = 0x2d;
export const crcFieldBytes = 5;

/** A record holds one or the other: tags of fields 3 and 6. */
export const spanTag = 0x1a;
export const logTag = 0x32;
/** An evaluation result has no id of its own: its SHA-256 stands for one, 16 bytes as trace id and 8 from here as span id. */
export const digestSplit = 16;

export interface Scan {
  /** Offset behind the last whole record. */
  readonly end: number;
  readonly records: number;
}

/**
 * Reads records until the bytes end or a record is not whole: its length runs over the end, or its checksum is wrong.
 * @param each gets the bounds of each record's content, without its length and its checksum field.
 */
export function scan(bytes: Buffer, each?: (start: number, end: number) => void): Scan {
  let at = 0;
  let records = 0;
  while (at < bytes.length) {
    let length = 0;
    let shift = 0;
    let start = at;
    for (;;) {
      const byte = bytes[start++];
      if (byte === undefined || shift > 28) return { end: at, records };
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    const end = start + length;
    const checked = end - crcFieldBytes;
    if (end > bytes.length || checked < start || bytes[checked] !== crcTag) return { end: at, records };
    if (crc32(bytes.subarray(start, checked)) !== bytes.readUInt32LE(checked + 1)) return { end: at, records };
    each?.(start, checked);
    records++;
    at = end;
  }
  return { end: at, records };
}

/** Calls `each` with every record's identity: the bytes it stands in, and the offsets of its 16 and its 8 bytes. */
export function identitiesOf(bytes: Buffer, each: (from: Uint8Array, traceId: number, spanId: number) => void): void {
  scan(bytes, (start, end) => {
    const span = fieldOf(bytes, start, end, 3);
    if (!span) {
      const log = fieldOf(bytes, start, end, 6);
      if (log) each(createHash('sha256').update(bytes.subarray(log.start, log.end)).digest(), 0, digestSplit);
      return;
    }
    const traceId = fieldOf(bytes, span.start, span.end, 1);
    const spanId = fieldOf(bytes, span.start, span.end, 2);
    if (traceId && spanId) each(bytes, traceId.start, spanId.start);
  });
}

/** Bounds of the content of the first field of that number, varints aside. Our own bytes: the framing was checked when written. */
export function fieldOf(
  bytes: Buffer,
  start: number,
  end: number,
  number: number,
): { start: number; end: number } | undefined {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < end) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) {
      varint();
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : varint();
    if (tag >>> 3 === number) return { start: at, end: at + length };
    at += length;
  }
  return undefined;
}
