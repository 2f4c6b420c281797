/** The records a request becomes (spool.proto), written behind its body. */
import { crc32 } from 'node:zlib';
import { crcFieldBytes, crcTag } from '../spool/record.ts';
import { type Cursor, varintBytes, writeVarint } from '../wire.ts';
import { type Body, withRoomForRecords } from './body.ts';
import type { Buffers } from './buffers.ts';

/** A part of an item that is left out (`with` undefined) or written anew. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly with: Uint8Array | undefined;
}

export const nothing = new Uint8Array(0);

/** Behind the item: the time it was received, and the checksum. */
const trailerBytes = 9 + crcFieldBytes;
/** How far behind the end of the body is looked, before it is known that it ends there. */
const slackBytes = 256;

export class Records {
  /** The request's body, and behind it the records; one buffer, so that every copy is a copyWithin. */
  out: Buffer;
  /** Over `out`, to read four bytes at once. */
  view: DataView;
  /** Resource and scope as every record of the scope begins with. */
  prefix: Uint8Array = nothing;
  count = 0;
  readonly #bodyBytes: number;
  readonly #buffers: Buffers;
  readonly #cursor: Cursor;
  readonly #receivedLow: number;
  readonly #receivedHigh: number;
  #at: number;
  #lastAt: number;
  #lastBytes = 0;

  /** @param cursor reads the body; it is told when the body moves to a larger buffer. */
  constructor(
    body: Body,
    { buffers, receivedAtUnixNano }: { readonly buffers: Buffers; readonly receivedAtUnixNano: bigint },
    cursor: Cursor,
  ) {
    this.out = body.buffer;
    this.view = viewOf(body.buffer);
    this.#bodyBytes = body.length;
    this.#buffers = buffers;
    this.#cursor = cursor;
    this.#receivedLow = Number(BigInt.asUintN(32, receivedAtUnixNano));
    this.#receivedHigh = Number(BigInt.asUintN(32, receivedAtUnixNano >> 32n));
    this.#at = body.length;
    this.#lastAt = body.length;
    if (body.buffer.length < body.length + slackBytes) this.#grow(slackBytes);
  }

  get written(): Uint8Array {
    return this.out.subarray(this.#bodyBytes, this.#at);
  }

  /** Writes the record of the item at these offsets of the body, edited. */
  write(tag: number, start: number, end: number, edits: readonly Edit[]): void {
    let itemBytes = end - start;
    for (const edit of edits) itemBytes += (edit.with?.length ?? 0) - (edit.end - edit.start);
    const { prefix } = this;
    const bytes = prefix.length + 1 + varintBytes(itemBytes) + itemBytes + trailerBytes;
    if (this.#at + bytes + 5 > this.out.length) this.#grow(bytes + 5);
    const { out } = this;
    let at = writeVarint(out, this.#at, bytes);
    const begin = at;
    out.set(prefix, at);
    at += prefix.length;
    out[at] = tag;
    at = writeVarint(out, at + 1, itemBytes);
    if (edits.length > 0) {
      at = copyEdited(out, at, start, end, edits);
    } else {
      out.copyWithin(at, start, end);
      at += itemBytes;
    }
    out[at] = 0x21;
    writeUInt32(out, at + 1, this.#receivedLow);
    writeUInt32(out, at + 5, this.#receivedHigh);
    at += 9;
    const checksum = crc32(out.subarray(begin, at));
    out[at] = crcTag;
    writeUInt32(out, at + 1, checksum);
    this.#lastAt = this.#at;
    this.#lastBytes = itemBytes;
    this.#at = at + crcFieldBytes;
    this.count++;
  }

  /** The item of the record written last, as it was written. */
  get lastItem(): Uint8Array {
    const end = this.#at - trailerBytes;
    return this.out.subarray(end - this.#lastBytes, end);
  }

  /** Takes the record written last back. */
  unwrite(): void {
    this.#at = this.#lastAt;
    this.count--;
  }

  #grow(bytes: number): void {
    const larger = this.#buffers.take(Math.max(withRoomForRecords(this.#bodyBytes), (this.#at + bytes) * 1.5));
    larger.set(this.out.subarray(0, this.#at));
    this.#buffers.give(this.out);
    this.out = larger;
    this.view = viewOf(larger);
    this.#cursor.bytes = larger;
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export function delimited(tag: number, content: Uint8Array): Uint8Array {
  const field = Buffer.allocUnsafe(1 + varintBytes(content.length) + content.length);
  field[0] = tag;
  field.set(content, writeVarint(field, 1, content.length));
  return field;
}

function copyEdited(out: Buffer, at: number, start: number, end: number, edits: readonly Edit[]): number {
  let from = start;
  for (const edit of edits) {
    out.copyWithin(at, from, edit.start);
    at += edit.start - from;
    if (edit.with) {
      out.set(edit.with, at);
      at += edit.with.length;
    }
    from = edit.end;
  }
  out.copyWithin(at, from, end);
  return at + end - from;
}

function writeUInt32(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
  out[at + 2] = value >>> 16;
  out[at + 3] = value >>> 24;
}
