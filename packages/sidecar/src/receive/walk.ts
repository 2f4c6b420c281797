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
  Malformed,
  resourceShape,
  type Shape,
  scopeShape,
  spanShape,
  varintBytes,
  writeVarint,
} from './wire.ts';

export interface Walked {
  /** The records, one after the other; a view that is valid until the output is used again. */
  readonly records: Uint8Array;
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

class Walker {
  readonly #body: Uint8Array;
  readonly #options: WalkOptions;
  readonly #cursor: Cursor;
  /** What is to be written: resource, scope, span, edits. Nothing is written before the whole request is checked. */
  readonly #found: {
    resource: Range;
    scope: Range;
    span: Range;
    traceId: number;
    spanId: number;
    edits: readonly Edit[];
    bytes: number;
  }[] = [];
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
        for (const span of spans) this.#span(resource ?? nothing, scope ?? nothing, span);
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

  #span(resource: Range, scope: Range, span: Range): void {
    const cursor = this.#cursor;
    let traceId = nothing;
    let spanId = nothing;
    let edits: Edit[] = noEdits;
    let bytes = span.end - span.start;
    for (let at = span.start; at < span.end; ) {
      at = cursor.field(at, span.end, 'Span');
      const { number, begin, start } = cursor;
      const known = spanShape.fields[number];
      if (known === undefined) continue;
      if (known.wire !== cursor.wire) throw cursor.mismatch('Span', known);
      if (number === 9) {
        const pattern = this.#attribute(start, at);
        if (pattern === undefined) continue;
        this.#cuts.push(pattern);
        if (edits === noEdits) edits = [];
        edits.push({ start: begin, end: at, with: undefined });
        bytes -= at - begin;
      } else if (number === 11) {
        const event = this.#event(start, at);
        if (event === undefined) continue;
        if (edits === noEdits) edits = [];
        edits.push({ start: begin, end: at, with: event });
        bytes += event.length - (at - begin);
      } else if (known.shape) cursor.check(start, at, known.shape);
      else if (number === 1) traceId = { start, end: at };
      else if (number === 2) spanId = { start, end: at };
    }
    this.#received++;
    const because = this.#unusable('trace_id', traceId, 16) ?? this.#unusable('span_id', spanId, 8);
    if (because === undefined)
      this.#found.push({ resource, scope, span, traceId: traceId.start, spanId: spanId.start, edits, bytes });
    else {
      this.#rejected++;
      this.#because ??= because;
    }
  }

  #unusable(name: string, id: Range, length: number): string | undefined {
    if (id.end - id.start !== length) return `${name} has ${id.end - id.start} bytes, expected ${length}`;
    for (let at = id.start; at < id.end; at++) if (this.#body[at] !== 0) return undefined;
    return `${name} is all zero`;
  }

  /** Checks a KeyValue. @returns the pattern its key falls under, if it holds content. */
  #attribute(start: number, end: number): string | undefined {
    const cursor = this.#cursor;
    let pattern: string | undefined;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, 'KeyValue');
      const known = keyValue.fields[cursor.number];
      if (known === undefined) continue;
      if (known.wire !== cursor.wire) throw cursor.mismatch('KeyValue', known);
      if (cursor.number === 1) pattern = this.#options.redact(this.#body, cursor.start, at);
      else cursor.check(cursor.start, at, known.shape as Shape);
    }
    return pattern;
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
    if (from === start && kept.length === 0) return undefined;
    kept.push(this.#body.subarray(from, end));
    const content = Buffer.concat(kept);
    const field = Buffer.alloc(1 + varintBytes(content.length) + content.length);
    field[0] = (11 << 3) | 2;
    field.set(content, writeVarint(field, 1, content.length));
    return field;
  }

  write(): Walked {
    const { seen, receivedAtUnixNano, onCut } = this.#options;
    for (const pattern of this.#cuts) onCut(pattern);
    let room = 0;
    for (const found of this.#found) room += found.bytes + length(found.resource) + length(found.scope) + 64;
    const out = Buffer.allocUnsafe(room);
    const identities: number[] = [];
    let at = 0;
    let spans = 0;
    let duplicate = 0;
    for (const found of this.#found) {
      if (!seen.add(this.#body, found.traceId, found.spanId)) {
        duplicate++;
        continue;
      }
      const content = sized(length(found.resource)) + sized(length(found.scope)) + sized(found.bytes) + 9;
      at = writeVarint(out, at, content + crcFieldBytes);
      const begin = at;
      at = this.#copy(out, at, 0x0a, found.resource);
      at = this.#copy(out, at, 0x12, found.scope);
      out[at++] = 0x1a;
      at = writeVarint(out, at, found.bytes);
      const spanAt = at;
      at = this.#copyEdited(out, at, found.span, found.edits);
      // An edit before the ids moves them; ours to find again only then.
      const moved = (offset: number): number => spanAt + offset - found.span.start + shiftBefore(found.edits, offset);
      identities.push(moved(found.traceId), moved(found.spanId));
      out[at++] = 0x21;
      out.writeBigUInt64LE(receivedAtUnixNano, at);
      at += 8;
      out[at++] = crcTag;
      at = out.writeUInt32LE(crc32(out.subarray(begin, at - 1)), at);
      spans++;
    }
    return {
      records: out.subarray(0, at),
      spans,
      received: this.#received,
      duplicate,
      rejected: this.#rejected,
      rejectedBecause: this.#because,
      identities,
    };
  }

  #copy(out: Buffer, at: number, tag: number, range: Range): number {
    out[at++] = tag;
    at = writeVarint(out, at, length(range));
    out.set(this.#body.subarray(range.start, range.end), at);
    return at + length(range);
  }

  #copyEdited(out: Buffer, at: number, span: Range, edits: readonly Edit[]): number {
    let from = span.start;
    for (const edit of edits) {
      out.set(this.#body.subarray(from, edit.start), at);
      at += edit.start - from;
      if (edit.with) {
        out.set(edit.with, at);
        at += edit.with.length;
      }
      from = edit.end;
    }
    out.set(this.#body.subarray(from, span.end), at);
    return at + span.end - from;
  }
}

const nothing: Range = { start: 0, end: 0 };
const noEdits: Edit[] = [];
const length = (range: Range): number => range.end - range.start;
const sized = (bytes: number): number => 1 + varintBytes(bytes) + bytes;

function shiftBefore(edits: readonly Edit[], offset: number): number {
  let shift = 0;
  for (const edit of edits) if (edit.end <= offset) shift += (edit.with?.length ?? 0) - (edit.end - edit.start);
  return shift;
}

export { Malformed };
