/**
 * The record on disk (spool.proto): its framing, its checksum, and the spans in it. It begins with its length and five
 * fields that stand where they stand: checksum, time of arrival, earliest and latest start.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Cursor, Malformed, varintBytes, writeVarint } from '../wire.ts';

/** Tags of the items: a span, or a log behind an empty span. */
export const spanTag = 0x12;
export const logTag = 0x2a;
const crcTag = 0x3d;
const receivedTag = 0x31;
const earliestTag = 0x45;
const crcBytes = 5;
const timesBytes = 9 + 5 + 5;
/** Behind a record's length, before its resource. */
export const fixedBytes = crcBytes + timesBytes;

/** An evaluation result has no id of its own: its SHA-256 stands for one, 16 bytes as trace id and 8 from here as span id. */
export const digestSplit = 16;

/** When a record was received, and when its spans began. */
export interface Times {
  /** Epoch nanoseconds. */
  received: bigint;
  /** In units of 2^32 ns since 1970; `earliest` above `latest` when no span says. */
  earliest: number;
  latest: number;
}

/** What stands between the checksum and the items: times, then resource and scope as fields. */
export function contextOf({ received, earliest, latest }: Times, resource: Uint8Array, scope: Uint8Array): Buffer {
  const context = Buffer.allocUnsafe(timesBytes + resource.length + scope.length);
  context[0] = receivedTag;
  context.writeBigUInt64LE(received, 1);
  context[9] = earliestTag;
  context.writeUInt32LE(earliest, 10);
  context[14] = 0x4d;
  context.writeUInt32LE(latest, 15);
  context.set(resource, timesBytes);
  context.set(scope, timesBytes + resource.length);
  return context;
}

/** The times of the record whose length ends before `at`. */
export const timesAt = (bytes: Buffer, at: number): Times => ({
  received: bytes.readBigUInt64LE(at + crcBytes + 1),
  earliest: bytes.readUInt32LE(at + crcBytes + 10),
  latest: bytes.readUInt32LE(at + crcBytes + 15),
});

/** What a record begins with, before its items: length, checksum, context. */
export function headOf(context: Uint8Array, items: Uint8Array): Buffer {
  const length = crcBytes + context.length + items.length;
  const head = Buffer.allocUnsafe(varintBytes(length) + crcBytes + context.length);
  const crcAt = writeVarint(head, 0, length);
  head[crcAt] = crcTag;
  head.writeUInt32LE(crc32(items, crc32(context)), crcAt + 1);
  head.set(context, crcAt + crcBytes);
  return head;
}

export interface Item {
  readonly record: StoredRecord;
  /** Where its first tag stands, and the bounds of the span or log in it. */
  readonly begin: number;
  readonly start: number;
  readonly end: number;
  readonly isLog: boolean;
}

export interface StoredRecord {
  readonly times: Times;
  /** Bounds of the context. */
  readonly start: number;
  readonly contextEnd: number;
  /** In the order they came; never none. */
  readonly items: readonly Item[];
}

export interface Scan {
  /** Offset behind the last whole record. */
  readonly end: number;
  /** Items in the whole records. */
  readonly spans: number;
}

/** Reads records until the bytes end or a record is not whole: its length runs over the end, or its checksum is wrong. */
export function scan(bytes: Buffer, each?: (record: StoredRecord) => void): Scan {
  let spans = 0;
  for (let at = 0; ; ) {
    const length = lengthAt(bytes, at);
    if (length === undefined) return { end: at, spans };
    const { start, end } = length;
    const checked = start + crcBytes;
    if (end > bytes.length || start + fixedBytes > end || bytes[start] !== crcTag) return { end: at, spans };
    if (crc32(bytes.subarray(checked, end)) !== bytes.readUInt32LE(start + 1)) return { end: at, spans };
    const record = recordAt(bytes, start, end);
    each?.(record);
    spans += record.items.length;
    at = end;
  }
}

/** Where the first whole record behind `from` begins, wherever that is; undefined when there is none. */
export function nextRecord(bytes: Buffer, from: number): number | undefined {
  for (let start = bytes.indexOf(crcTag, from + 1); start >= 0; start = bytes.indexOf(crcTag, start + 1)) {
    if (bytes[start + crcBytes] !== receivedTag || bytes[start + crcBytes + 9] !== earliestTag) continue;
    for (let at = start - 1; at > from && at >= start - 4; at--) {
      const length = lengthAt(bytes, at);
      if (length?.start === start && length.end <= bytes.length && scan(bytes.subarray(at, length.end)).end > 0)
        return at;
    }
  }
  return undefined;
}

/** Bounds of the record whose length stands at `at`; undefined when the bytes end in it. */
export function lengthAt(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } | undefined {
  let length = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = bytes[at++];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return { start: at, end: at + length };
  }
  return undefined;
}

function recordAt(bytes: Buffer, begin: number, end: number): StoredRecord {
  const cursor = new Cursor(bytes);
  const items: Item[] = [];
  const start = begin + crcBytes;
  const record = { times: timesAt(bytes, begin), start, contextEnd: end, items };
  for (let at = begin + fixedBytes; at < end; ) {
    at = cursor.field(at, end, 'Record');
    const field = { record, begin: cursor.begin, start: cursor.start, end: at };
    if (cursor.number === 2) items.push({ ...field, isLog: false });
    else if (cursor.number === 5) items.push({ ...field, begin: items.pop()?.begin ?? cursor.begin, isLog: true });
    if (items.length === 0) record.contextEnd = at;
  }
  return record;
}

/** Whole records of these items of a segment; those that stood behind one another in one record stay in one. */
export function recordsOf(bytes: Buffer, items: readonly Item[]): Buffer {
  const pieces: Uint8Array[] = [];
  for (let from = 0, to = 0; from < items.length; from = to) {
    const { record, begin } = items[from] as Item;
    let { end } = items[to++] as Item;
    for (; items[to]?.record === record && items[to]?.begin === end; to++) end = (items[to] as Item).end;
    const run = bytes.subarray(begin, end);
    pieces.push(headOf(bytes.subarray(record.start, record.contextEnd), run), run);
  }
  return Buffer.concat(pieces);
}

/** Calls `each` with every item's identity: the bytes it stands in, and the offsets of its 16 and its 8 bytes. */
export function identitiesOf(bytes: Buffer, each: (from: Uint8Array, traceId: number, spanId: number) => void): void {
  scan(bytes, ({ items }) => {
    for (const { start, end, isLog } of items) {
      if (isLog) each(digestOf(bytes.subarray(start, end)), 0, digestSplit);
      else {
        const traceId = fieldOf(bytes, start, end, 1);
        const spanId = fieldOf(bytes, start, end, 2);
        if (traceId && spanId) each(bytes, traceId.start, spanId.start);
      }
    }
  });
}

export const digestOf = (log: Uint8Array): Uint8Array => createHash('sha256').update(log).digest();

/** Bounds of the content of the last field of that number; of a message that breaks off, before it does. */
export function fieldOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  number: number,
): { readonly start: number; readonly end: number } | undefined {
  const cursor = new Cursor(bytes);
  let found: { start: number; end: number } | undefined;
  try {
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, 'stored message');
      if (cursor.number === number) found = { start: cursor.start, end: cursor.end };
    }
  } catch (problem) {
    if (!(problem instanceof Malformed)) throw problem; // the engine refuses it, and the loader sets it aside
  }
  return found;
}
