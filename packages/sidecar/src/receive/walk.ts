/**
 * The walk: from an ExportTraceServiceRequest to one record per span, without decoding a string. It checks the framing
 * down to the last attribute (what passes here, the engine can read), cuts content attributes, drops spans seen before
 * and refuses those without usable ids.
 */
import { crc32 } from 'node:zlib';
import type { Redactor } from '../redact.ts';
import { crcFieldBytes, crcTag } from '../spool/record.ts';
import type { Seen } from '../spool/seen.ts';
import {
  Cursor,
  eventShape,
  keyValue,
  resourceShape,
  type Shape,
  scopeShape,
  spanShape,
  varintBytes,
  writeVarint,
} from '../wire.ts';
import type { Buffers } from './buffers.ts';

export interface Walked {
  /** The records, one after the other; a view into `buffer`. */
  readonly records: Uint8Array;
  /** To be given back to `buffers` when the records are no longer needed. */
  readonly buffer: Buffer;
  /** Spans in `records`. */
  readonly spans: number;
  readonly received: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** Why the first rejected span was. */
  readonly rejectedBecause: string | undefined;
  /** Offsets in `records` of trace id and span id, pair after pair. */
  readonly identities: readonly number[];
}

export interface WalkOptions {
  readonly seen: Seen;
  readonly redact: Redactor;
  /** Told the pattern of every attribute that is cut. */
  readonly onCut: (pattern: string) => void;
  readonly buffers: Buffers;
  readonly receivedAtUnixNano: bigint;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** A part of the span that is left out (`with` undefined) or written anew. */
interface Edit extends Range {
  readonly with: Uint8Array | undefined;
}

/** @throws Malformed, before anything is added to `seen`. */
export function walk(body: Uint8Array, options: WalkOptions): Walked {
  const walker = new Walker(body, options);
  walker.request();
  return walker.write();
}

/** Numbers a found span takes in `#found`; flat, because an object a span is garbage a span. */
const perSpan = 9;

class Walker {
  readonly #body: Uint8Array;
  readonly #options: WalkOptions;
  readonly #cursor: Cursor;
  /** What is to be written, `perSpan` offsets each. Nothing is written before the whole request is checked. */
  readonly #found: number[] = [];
  /** Edits by the index of their span in `#found`; most spans have none. */
  readonly #edits = new Map<number, Edit[]>();
  #room = 0;
  #received = 0;
  #rejected = 0;
  #because: string | undefined;
  readonly #cuts: string[] = [];

  constructor(body: Uint8Array, options: WalkOptions) {
    this.#body = body;
    this.#options = options;
    this.#cursor = new Cursor(body);
  }

  request(): void {
    for (const resourceSpans of this.#children(0, this.#body.length, 'ExportTraceServiceRequest', 1).items) {
      const { other: resource, items } = this.#children(resourceSpans.start, resourceSpans.end, 'ResourceSpans', 2, 1);
      if (resource) this.#cursor.check(resource.start, resource.end, resourceShape);
      for (const scopeSpans of items) {
        const { other: scope, items: spans } = this.#children(scopeSpans.start, scopeSpans.end, 'ScopeSpans', 2, 1);
        if (scope) this.#cursor.check(scope.start, scope.end, scopeShape);
        for (const span of spans) this.#span(resource ?? nothing, scope ?? nothing, span.start, span.end);
      }
    }
  }

  /** The repeated field `many` of a message, and its single field `one`, wherever in the message they stand. */
  #children(
    start: number,
    end: number,
    message: string,
    many: number,
    one = 0,
  ): { items: Range[]; other: Range | undefined } {
    const cursor = this.#cursor;
    const items: Range[] = [];
    let other: Range | undefined;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, message);
      if (cursor.number !== many && cursor.number !== one) continue;
      if (cursor.wire !== 2) throw cursor.mismatch(message, { name: `field ${cursor.number}`, wire: 2 });
      if (cursor.number === many) items.push({ start: cursor.start, end: cursor.end });
      else other = { start: cursor.start, end: cursor.end };
    }
    return { items, other };
  }

  #span(resource: Range, scope: Range, spanStart: number, spanEnd: number): void {
    const cursor = this.#cursor;
    let traceId = 0;
    let traceIdBytes = 0;
    let spanId = 0;
    let spanIdBytes = 0;
    let edits: Edit[] | undefined;
    let bytes = spanEnd - spanStart;
    for (let at = spanStart; at < spanEnd; ) {
      at = cursor.field(at, spanEnd, 'Span');
      const { number, begin, start } = cursor;
      const known = spanShape.fields[number];
      if (known === undefined) continue;
      if (known.wire !== cursor.wire) throw cursor.mismatch('Span', known);
      if (number === 9) {
        const pattern = this.#attribute(start, at);
        if (pattern === undefined) continue;
        this.#cuts.push(pattern);
        edits ??= [];
        edits.push({ start: begin, end: at, with: undefined });
        bytes -= at - begin;
      } else if (number === 11) {
        const event = this.#event(start, at);
        if (event === undefined) continue;
        edits ??= [];
        edits.push({ start: begin, end: at, with: event });
        bytes += event.length - (at - begin);
      } else if (known.shape) {
        cursor.check(start, at, known.shape);
      } else if (number === 1) {
        traceId = start;
        traceIdBytes = at - start;
      } else if (number === 2) {
        spanId = start;
        spanIdBytes = at - start;
      }
    }
    this.#received++;
    const because =
      this.#unusable('trace_id', traceId, traceIdBytes, 16) ?? this.#unusable('span_id', spanId, spanIdBytes, 8);
    if (because !== undefined) {
      this.#rejected++;
      this.#because ??= because;
      return;
    }
    if (edits) this.#edits.set(this.#found.length, edits);
    this.#found.push(resource.start, resource.end, scope.start, scope.end, spanStart, spanEnd, traceId, spanId, bytes);
    this.#room += bytes + length(resource) + length(scope) + 64;
  }

  #unusable(name: string, id: number, bytes: number, expected: number): string | undefined {
    if (bytes !== expected) return `${name} has ${bytes} bytes, expected ${expected}`;
    for (let at = id; at < id + bytes; at++) if (this.#body[at] !== 0) return undefined;
    return `${name} is all zero`;
  }

  /** Checks a KeyValue. @returns the pattern its key falls under, if it holds content. */
  #attribute(start: number, end: number): string | undefined {
    // As SDKs write it: the key, then a value that is text, a number or a truth, each shorter than 128 bytes.
    const bytes = this.#body;
    const keyBytes = bytes[start + 1] as number;
    const value = start + 4 + keyBytes;
    if (
      bytes[start] === 0x0a &&
      keyBytes < 0x80 &&
      bytes[value - 2] === 0x12 &&
      value + (bytes[value - 1] as number) === end
    ) {
      const tag = bytes[value];
      const isPlain =
        (tag === 0x0a && value + 2 + (bytes[value + 1] as number) === end && (bytes[value + 1] as number) < 0x80) ||
        (tag === 0x21 && value + 9 === end) ||
        ((tag === 0x18 || tag === 0x10) && this.#isVarint(value + 1, end));
      if (isPlain) return this.#options.redact(bytes, start + 2, value - 2);
    }
    const cursor = this.#cursor;
    let pattern: string | undefined;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, 'KeyValue');
      const known = keyValue.fields[cursor.number];
      if (known === undefined) continue;
      if (known.wire !== cursor.wire) throw cursor.mismatch('KeyValue', known);
      if (cursor.number === 1) pattern = this.#options.redact(bytes, cursor.start, at);
      else cursor.check(cursor.start, at, known.shape as Shape);
    }
    return pattern;
  }

  /** Is `start..end` exactly one varint? */
  #isVarint(start: number, end: number): boolean {
    if (end - start < 1 || end - start > 10) return false;
    for (let at = start; at < end - 1; at++) if ((this.#body[at] as number) < 0x80) return false;
    return (this.#body[end - 1] as number) < 0x80;
  }

  /** Checks an event. @returns the field written anew without its content attributes, undefined when it has none. */
  #event(start: number, end: number): Uint8Array | undefined {
    const cursor = this.#cursor;
    const kept: Uint8Array[] = [];
    let from = start;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, 'Event');
      const { number, begin } = cursor;
      const known = eventShape.fields[number];
      if (known === undefined) continue;
      if (known.wire !== cursor.wire) throw cursor.mismatch('Event', known);
      if (number !== 3) continue;
      const pattern = this.#attribute(cursor.start, at);
      if (pattern === undefined) continue;
      this.#cuts.push(pattern);
      kept.push(this.#body.subarray(from, begin));
      from = at;
    }
    if (kept.length === 0) return undefined;
    kept.push(this.#body.subarray(from, end));
    const content = Buffer.concat(kept);
    const field = Buffer.alloc(1 + varintBytes(content.length) + content.length);
    field[0] = (11 << 3) | 2;
    field.set(content, writeVarint(field, 1, content.length));
    return field;
  }

  write(): Walked {
    const { seen, receivedAtUnixNano, onCut, buffers } = this.#options;
    for (const pattern of this.#cuts) onCut(pattern);
    // Body and records share one buffer, so that every copy is a copyWithin: no view has to be made for it.
    const origin = this.#body.length;
    const out = buffers.take(origin + this.#room);
    out.set(this.#body, 0);
    const receivedLow = Number(BigInt.asUintN(32, receivedAtUnixNano));
    const receivedHigh = Number(BigInt.asUintN(32, receivedAtUnixNano >> 32n));
    const found = this.#found;
    const identities: number[] = [];
    let at = origin;
    let spans = 0;
    let duplicate = 0;
    for (let index = 0; index < found.length; index += perSpan) {
      const spanStart = found[index + 4] as number;
      const spanEnd = found[index + 5] as number;
      const traceId = found[index + 6] as number;
      const spanId = found[index + 7] as number;
      const spanBytes = found[index + 8] as number;
      if (!seen.add(this.#body, traceId, spanId)) {
        duplicate++;
        continue;
      }
      const resourceBytes = (found[index + 1] as number) - (found[index] as number);
      const scopeBytes = (found[index + 3] as number) - (found[index + 2] as number);
      at = writeVarint(out, at, sized(resourceBytes) + sized(scopeBytes) + sized(spanBytes) + 9 + crcFieldBytes);
      const begin = at;
      out[at] = 0x0a;
      at = writeVarint(out, at + 1, resourceBytes);
      out.copyWithin(at, found[index] as number, found[index + 1]);
      at += resourceBytes;
      out[at] = 0x12;
      at = writeVarint(out, at + 1, scopeBytes);
      out.copyWithin(at, found[index + 2] as number, found[index + 3]);
      at += scopeBytes;
      out[at] = 0x1a;
      at = writeVarint(out, at + 1, spanBytes);
      const edits = this.#edits.get(index);
      identities.push(
        at - origin + traceId - spanStart + shiftBefore(edits, traceId),
        at - origin + spanId - spanStart + shiftBefore(edits, spanId),
      );
      if (edits) {
        at = copyEdited(out, at, spanStart, spanEnd, edits);
      } else {
        out.copyWithin(at, spanStart, spanEnd);
        at += spanBytes;
      }
      out[at] = 0x21;
      writeUInt32(out, at + 1, receivedLow);
      writeUInt32(out, at + 5, receivedHigh);
      at += 9;
      const checksum = crc32(out.subarray(begin, at));
      out[at] = crcTag;
      writeUInt32(out, at + 1, checksum);
      at += crcFieldBytes;
      spans++;
    }
    return {
      records: out.subarray(origin, at),
      buffer: out,
      spans,
      received: this.#received,
      duplicate,
      rejected: this.#rejected,
      rejectedBecause: this.#because,
      identities,
    };
  }
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

const nothing: Range = { start: 0, end: 0 };
const length = (range: Range): number => range.end - range.start;
const sized = (bytes: number): number => 1 + varintBytes(bytes) + bytes;

/** How far the edits before `offset` move it. */
function shiftBefore(edits: readonly Edit[] | undefined, offset: number): number {
  if (!edits) return 0;
  let shift = 0;
  for (const edit of edits) if (edit.end <= offset) shift += (edit.with?.length ?? 0) - (edit.end - edit.start);
  return shift;
}
