/**
 * The records a request becomes (spool.proto). Their items stay where they came, in the request's own buffer: what is
 * cut moves the rest of its record down, and nothing else is copied.
 */
import { contextOf, headOf, type Times } from '../spool/record.ts';
import { Cursor, varintBytes, writeVarint } from '../wire.ts';

/** A part of an item that is left out (`with` undefined) or written anew, never longer than before. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly with: Uint8Array | undefined;
}

export const nothing = new Uint8Array(0);

export class Records {
  /** Whole records, one after the other: of each its head, then its items. */
  readonly pieces: Uint8Array[] = [];
  /** Items in them. */
  count = 0;
  /** Resource and scope of the record at hand, as its fields. */
  resource: Uint8Array = nothing;
  scope: Uint8Array = nothing;
  /** Of the record at hand; `earliest` and `latest` are the walk's to widen. */
  readonly times: Times;
  readonly #bytes: Buffer;
  /** Bounds of the items of the record at hand, and how many they are. */
  #from = 0;
  #to = 0;
  #items = 0;

  constructor(bytes: Buffer, receivedAtUnixNano: bigint) {
    this.#bytes = bytes;
    this.times = { received: receivedAtUnixNano, earliest: 0xffff_ffff, latest: 0 };
  }

  /**
   * Adds the field at these offsets of the body (of its tag, its content, its end) to the record at hand, edited.
   * @returns where its content begins there; it ends at `to`.
   */
  add(tag: number, begin: number, start: number, end: number, edits: readonly Edit[]): number {
    const bytes = this.#bytes;
    if (this.#items === 0) this.#from = this.#to = begin;
    let length = end - start;
    for (const edit of edits) length += (edit.with?.length ?? 0) - (edit.end - edit.start);
    this.#items++;
    // As it came, and as we would write it: one byte of tag, the shortest length.
    if (edits.length === 0 && bytes[begin] === tag && start - begin === 1 + varintBytes(length)) {
      if (this.#to !== begin) bytes.copyWithin(this.#to, begin, end);
      this.#to += end - begin;
      return this.#to - length;
    }
    bytes[this.#to] = tag;
    let at = writeVarint(bytes, this.#to + 1, length);
    let from = start;
    for (const edit of edits) {
      bytes.copyWithin(at, from, edit.start);
      at += edit.start - from;
      if (edit.with) {
        bytes.set(edit.with, at);
        at += edit.with.length;
      }
      from = edit.end;
    }
    bytes.copyWithin(at, from, end);
    this.#to = at + end - from;
    return this.#to - length;
  }

  get to(): number {
    return this.#to;
  }

  /** Takes these items of the record at hand out again. */
  remove(indexes: readonly number[]): void {
    const bytes = this.#bytes;
    const cursor = new Cursor(bytes);
    const gone = new Set(indexes);
    const end = this.#to;
    this.#to = this.#from;
    for (let at = this.#from, index = 0; at < end; index++) {
      const begin = at;
      at = cursor.field(at, end, 'Record');
      if (gone.has(index)) continue;
      bytes.copyWithin(this.#to, begin, at);
      this.#to += at - begin;
    }
    this.#items -= gone.size;
  }

  /** Ends the record at hand; without items there is none. */
  end(): void {
    if (this.#items > 0) {
      const items = this.#bytes.subarray(this.#from, this.#to);
      this.pieces.push(headOf(contextOf(this.times, this.resource, this.scope), items), items);
      this.count += this.#items;
    }
    this.#items = 0;
    this.times.earliest = 0xffff_ffff;
    this.times.latest = 0;
  }
}

/** A field of one byte of tag, and its content. */
export function delimited(tag: number, content: Uint8Array): Buffer {
  const field = Buffer.allocUnsafe(1 + varintBytes(content.length) + content.length);
  field[0] = tag;
  field.set(content, writeVarint(field, 1, content.length));
  return field;
}
