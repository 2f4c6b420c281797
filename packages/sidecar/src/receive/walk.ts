/**
 * The walk: from an export request to the spool's records, in the request's own buffer and without decoding a string. It
 * checks the framing down to the last attribute (what passes here, the engine can read), cuts what holds content, drops
 * what was seen before and refuses spans without usable ids.
 */
import type { Redactor, TextName } from '../redact/redactor.ts';
import { Keys } from '../spool/keys.ts';
import { digestOf, digestSplit, logTag, spanTag } from '../spool/record.ts';
import type { Seen } from '../spool/seen.ts';
import {
  Cursor,
  eventShape,
  isVarint,
  linkShape,
  logShape,
  resourceShape,
  type Shape,
  scopeShape,
  spanShape,
} from '../wire.ts';
import { type Body, slackBytes } from './body.ts';
import type { Buffers } from './buffers.ts';
import { Parts } from './parts.ts';
import { delimited, type Edit, nothing, Records } from './records.ts';
import { messages, type Signal } from './signal.ts';

export interface Walked {
  /** The records, in pieces that belong one behind the other; most are views into `buffer`. */
  readonly records: readonly Uint8Array[];
  /** To be given back to `buffers` when the records are no longer needed. */
  readonly buffer: Buffer;
  /** How many spans, or evaluation results, are in the records. */
  readonly spans: number;
  readonly received: number;
  readonly duplicate: number;
  readonly rejected: number;
  /** Why the first rejected one was. */
  readonly rejectedBecause: string | undefined;
  /** Takes what was added to `seen` out again: the records did not get to the disk. */
  forget(): void;
}

export interface WalkOptions {
  readonly signal: Signal;
  readonly seen: Seen;
  readonly redact: Redactor;
  /** Told the name of everything that is cut. */
  readonly onCut: (name: string) => void;
  readonly buffers: Buffers;
  readonly receivedAtUnixNano: bigint;
}

/** Takes the body's buffer over: it is part of what is returned, or given back. @throws Malformed; nothing stays in `seen` then. */
export function walk(body: Body, options: WalkOptions): Walked {
  const { buffers } = options;
  const buffer = withSlack(body, buffers);
  const walker = new Walker(buffer, body.length, options);
  try {
    walker.request();
  } catch (problem) {
    walker.forget();
    buffers.give(buffer);
    throw problem;
  }
  return walker.walked();
}

function withSlack({ buffer, length }: Body, buffers: Buffers): Buffer {
  if (buffer.length >= length + slackBytes) return buffer;
  // What was inflated stands at the beginning of a larger piece of memory.
  const { buffer: memory, byteOffset } = buffer;
  if (memory.byteLength >= byteOffset + length + slackBytes)
    return Buffer.from(memory, byteOffset, length + slackBytes);
  const larger = buffers.take(length + slackBytes);
  larger.set(buffer.subarray(0, length));
  buffers.give(buffer);
  return larger;
}

const evaluation = Buffer.from('gen_ai.evaluation.result');
const eventNameKey = Buffer.from('event.name');
/** Fields of a message, beside its attributes, that may hold text. */
const scopeTexts = { 1: 'scope.name', 2: 'scope.version' } as const;
const eventTexts = { 2: 'event.name' } as const;
const linkTexts = { 3: 'trace.state' } as const;
/** Stands beside a log in its record. */
const emptySpan = delimited(spanTag, nothing);

class Walker {
  readonly #options: WalkOptions;
  readonly #bytes: Buffer;
  /** Over the same bytes, to read four at once. */
  readonly #view: DataView;
  readonly #bodyBytes: number;
  readonly #cursor: Cursor;
  readonly #records: Records;
  readonly #redact: Redactor;
  readonly #parts: Parts;
  /** What of the item at hand is left out (`with` undefined) or written anew. */
  #edits: Edit[] = [];
  /** Of the spans in the records; those of the record at hand, from `#known` on, are not in `seen` yet. */
  readonly #keys = new Keys();
  #known = 0;
  #received = 0;
  #duplicate = 0;
  #rejected = 0;
  #because: string | undefined;

  constructor(bytes: Buffer, bodyBytes: number, options: WalkOptions) {
    this.#options = options;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#bodyBytes = bodyBytes;
    this.#cursor = new Cursor(bytes);
    this.#records = new Records(bytes, options.receivedAtUnixNano);
    this.#redact = options.redact;
    this.#parts = new Parts(bytes, this.#view, this.#cursor, options.redact);
  }

  request(): void {
    const cursor = this.#cursor;
    const [request, resourceItems, scopeItems] = messages[this.#options.signal];
    for (let at = 0; at < this.#bodyBytes; ) {
      at = cursor.field(at, this.#bodyBytes, request);
      if (cursor.number !== 1) continue;
      cursor.expect(request, 'resource', 2);
      this.#resource(cursor.start, at, resourceItems, scopeItems);
    }
  }

  #resource(start: number, end: number, message: string, scopeItems: string): void {
    const cursor = this.#cursor;
    // The resource may stand behind what came from it.
    this.#records.resource = this.#child(start, end, message, 0x22, resourceShape, 1, {});
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, message);
      if (cursor.number !== 2) continue;
      cursor.expect(message, 'scope', 2);
      const scopeStart = cursor.start;
      this.#records.scope = this.#child(scopeStart, at, scopeItems, 0x0a, scopeShape, 3, scopeTexts);
      this.#items(scopeStart, at, scopeItems);
    }
  }

  #items(start: number, end: number, message: string): void {
    const cursor = this.#cursor;
    const isTraces = this.#options.signal === 'traces';
    if (!isTraces) this.#records.scope = Buffer.concat([this.#records.scope, emptySpan]);
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, message);
      if (cursor.number !== 2) continue;
      cursor.expect(message, 'items', 2);
      if (isTraces) this.#span(cursor.begin, cursor.start, at);
      else this.#log(cursor.begin, cursor.start, at);
    }
    this.#endRecord();
  }

  /** Without what was seen before. */
  #endRecord(): void {
    const keys = this.#keys;
    const again = this.#options.seen.add(keys, this.#known);
    if (again.length > 0) {
      this.#duplicate += again.length;
      this.#records.remove(again.map((index) => index - this.#known));
      keys.remove(again);
    }
    this.#known = keys.count;
    this.#records.end();
  }

  /** Field 1 of a message, without the content among its attributes, as a field of the record. */
  #child(
    start: number,
    end: number,
    message: string,
    tag: number,
    shape: Shape,
    attributes: number,
    texts: Readonly<Record<number, TextName>>,
  ): Uint8Array {
    const cursor = this.#cursor;
    let child: Uint8Array = nothing;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, message);
      if (cursor.number !== 1) continue;
      cursor.expect(message, shape.message, 2);
      // The last one counts; the others are checked all the same.
      const { start: from } = cursor;
      child = this.#parts.edited(from, at, shape, attributes, texts) ?? this.#bytes.subarray(from, at);
    }
    return delimited(tag, child);
  }

  #span(spanBegin: number, spanStart: number, spanEnd: number): void {
    const bytes = this.#bytes;
    const view = this.#view;
    const redact = this.#redact;
    const cursor = this.#cursor;
    const { times } = this.#records;
    let traceId = 0;
    let traceIdBytes = 0;
    let spanId = 0;
    let spanIdBytes = 0;
    for (let at = spanStart; at < spanEnd; ) {
      // An attribute as SDKs write it, each length below 128: tag, length, tag, length, key, tag, length, tag, value.
      const head = view.getUint32(at, true);
      if ((head & 0x80ff80ff) === 0x000a004a) {
        const end = at + 2 + ((head >> 8) & 0x7f);
        const key = at + 4;
        const keyEnd = key + (head >>> 24);
        const middle = view.getUint32(keyEnd, true);
        const value = keyEnd + 2;
        if ((middle & 0x80ff) === 0x12 && value + ((middle >> 8) & 0x7f) === end && end <= spanEnd) {
          const kind = (middle >> 16) & 0xff;
          const textBytes = middle >>> 24;
          if (
            (kind === 0x0a && textBytes < 0x80 && value + 2 + textBytes === end) ||
            (kind === 0x21 && value + 9 === end) ||
            ((kind === 0x18 || kind === 0x10) && isVarint(bytes, value + 1, end))
          ) {
            const name = redact.attribute(bytes, view, key, keyEnd, value, end);
            if (name !== undefined) this.#cut(name, at, end);
            at = end;
            continue;
          }
        }
      }
      // The two times and the kind, which need no look.
      const tag = head & 0xff;
      if (tag === 0x39 && at + 9 <= spanEnd) {
        const began = view.getUint32(at + 5, true);
        if (began < times.earliest) times.earliest = began;
        if (began > times.latest) times.latest = began;
        at += 9;
        continue;
      }
      if (tag === 0x41 && at + 9 <= spanEnd) {
        at += 9;
        continue;
      }
      if (tag === 0x30 && (head & 0x8000) === 0 && at + 2 <= spanEnd) {
        at += 2;
        continue;
      }
      at = cursor.field(at, spanEnd, 'Span');
      const { number, begin, start } = cursor;
      const known = spanShape.fields[number];
      if (known === undefined) {
        if (cursor.wire === 2) this.#cut(this.#redact.unknownField, begin, at);
        continue;
      }
      if (known.wire !== cursor.wire) throw cursor.mismatch('Span', known);
      switch (number) {
        case 1:
          traceId = start;
          traceIdBytes = at - start;
          break;
        case 2:
          spanId = start;
          spanIdBytes = at - start;
          break;
        case 3:
        case 5: {
          const name = this.#redact.text(number === 3 ? 'trace.state' : 'span.name', bytes, start, at);
          if (name !== undefined) this.#cut(name, begin, at);
          break;
        }
        case 9: {
          const name = this.#parts.attribute(start, at);
          if (name !== undefined) this.#cut(name, begin, at);
          break;
        }
        case 11:
          this.#replace(0x5a, begin, at, this.#parts.edited(start, at, eventShape, 3, eventTexts));
          break;
        case 13:
          this.#replace(0x6a, begin, at, this.#parts.edited(start, at, linkShape, 4, linkTexts));
          break;
        case 15:
          if (at > start) this.#replace(0x7a, begin, at, this.#parts.status(start, at));
          break;
      }
    }
    this.#received++;
    const because =
      this.#unusable('trace_id', traceId, traceIdBytes, 16) ?? this.#unusable('span_id', spanId, spanIdBytes, 8);
    if (because !== undefined) this.#reject(because);
    else {
      this.#keys.push(view, traceId, spanId);
      this.#records.add(spanTag, spanBegin, spanStart, spanEnd, this.#edits);
    }
    if (this.#edits.length > 0) this.#edits = [];
  }

  /** Of logs only evaluation results are kept. Their identity is their content, so that a repeated one is known. */
  #log(logBegin: number, logStart: number, logEnd: number): void {
    const cursor = this.#cursor;
    let isEvaluation = false;
    for (let at = logStart; at < logEnd; ) {
      at = cursor.field(at, logEnd, 'LogRecord');
      const { number, begin, start } = cursor;
      const known = logShape.fields[number];
      if (known === undefined) {
        if (cursor.wire === 2) this.#cut(this.#redact.unknownField, begin, at);
        continue;
      }
      if (known.wire !== cursor.wire) throw cursor.mismatch('LogRecord', known);
      if (number === 5) this.#cut('log.body', begin, at);
      else if (number === 12 || number === 3) {
        isEvaluation ||= number === 12 && this.#equals(start, at, evaluation);
        const name = this.#redact.text(number === 12 ? 'event.name' : 'severity.text', this.#bytes, start, at);
        if (name !== undefined) this.#cut(name, begin, at);
      } else if (number === 6) {
        const name = this.#parts.attribute(start, at);
        if (name !== undefined) this.#cut(name, begin, at);
        else isEvaluation ||= this.#namesEvaluation(start, at);
      }
    }
    this.#received++;
    if (isEvaluation) {
      const start = this.#records.add(logTag, logBegin, logStart, logEnd, this.#edits);
      const digest = digestOf(this.#bytes.subarray(start, this.#records.to));
      this.#keys.push(new DataView(digest.buffer, digest.byteOffset), 0, digestSplit);
      this.#endRecord();
    } else this.#reject('event_name is not gen_ai.evaluation.result: other logs are not kept');
    if (this.#edits.length > 0) this.#edits = [];
  }

  /** Older senders name the event in an attribute. */
  #namesEvaluation(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const value = start + 2 + eventNameKey.length;
    return (
      bytes[start] === 0x0a && this.#equals(start + 2, value, eventNameKey) && this.#equals(value + 4, end, evaluation)
    );
  }

  #equals(start: number, end: number, wanted: Buffer): boolean {
    return end - start === wanted.length && wanted.compare(this.#bytes, start, end) === 0;
  }

  #reject(because: string): void {
    this.#rejected++;
    this.#because ??= because;
  }

  #cut(name: string, start: number, end: number): void {
    this.#parts.cuts.push(name);
    this.#edits.push({ start, end, with: undefined });
  }

  #replace(tag: number, start: number, end: number, edited: Uint8Array | undefined): void {
    if (edited !== undefined) this.#edits.push({ start, end, with: delimited(tag, edited) });
  }

  #unusable(name: string, id: number, bytes: number, expected: number): string | undefined {
    if (bytes === 0) return `${name} is missing or not hex`;
    if (bytes !== expected) return `${name} has ${bytes} bytes, expected ${expected}`;
    for (let at = id; at < id + bytes; at++) if (this.#bytes[at] !== 0) return undefined;
    return `${name} is all zero`;
  }

  forget(): void {
    this.#options.seen.remove(this.#keys, this.#known);
  }

  walked(): Walked {
    for (const name of this.#parts.cuts) this.#options.onCut(name);
    const { pieces, count } = this.#records;
    return {
      records: pieces,
      buffer: this.#bytes,
      spans: count,
      received: this.#received,
      duplicate: this.#duplicate,
      rejected: this.#rejected,
      rejectedBecause: this.#because,
      forget: () => this.forget(),
    };
  }
}
