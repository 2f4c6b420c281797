/** The messages inside a span: each is checked down to the last attribute, and loses what holds content. */
import type { Redactor, TextName } from '../redact/redactor.ts';
import { type Cursor, type Field, keyValue, type Shape, statusShape } from '../wire.ts';
import { delimited } from './records.ts';

export class Parts {
  /** Names of everything that is cut. */
  readonly cuts: string[] = [];
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #cursor: Cursor;
  readonly #redact: Redactor;

  /** @param view and cursor are over the same bytes. */
  constructor(bytes: Buffer, view: DataView, cursor: Cursor, redact: Redactor) {
    this.#bytes = bytes;
    this.#view = view;
    this.#cursor = cursor;
    this.#redact = redact;
  }

  /** Checks a KeyValue. @returns the name it is to be cut under, if it is. */
  attribute(start: number, end: number): string | undefined {
    const cursor = this.#cursor;
    let key = start;
    let keyEnd = start;
    let value = end;
    let valueEnd = end;
    let name: string | undefined;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, 'KeyValue');
      const known = keyValue.fields[cursor.number];
      if (known === undefined) {
        if (cursor.wire === 2) name ??= this.#redact.unknownField;
        continue;
      }
      if (known.wire !== cursor.wire) throw cursor.mismatch('KeyValue', known);
      if (cursor.number === 1) {
        key = cursor.start;
        keyEnd = at;
      } else {
        // A second value is merged with the first by whoever decodes it: each is looked at.
        if (valueEnd > value) name ??= this.#redact.attribute(this.#bytes, this.#view, key, keyEnd, value, valueEnd);
        value = cursor.start;
        valueEnd = at;
        cursor.check(value, at, known.shape as Shape);
      }
    }
    return name ?? this.#redact.attribute(this.#bytes, this.#view, key, keyEnd, value, valueEnd);
  }

  /**
   * Checks a message that has attributes.
   * @param texts numbers of its other fields that may hold text
   * @returns its content without what is cut, undefined when nothing is.
   */
  edited(
    start: number,
    end: number,
    shape: Shape,
    attributes: number,
    texts: Readonly<Record<number, TextName>>,
  ): Uint8Array | undefined {
    const cursor = this.#cursor;
    const kept: Uint8Array[] = [];
    let from = start;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, shape.message);
      const { number, begin, wire } = cursor;
      const known = number === attributes ? attributesField : shape.fields[number];
      let name: string | undefined;
      if (known === undefined) name = wire === 2 ? this.#redact.unknownField : undefined;
      else if (known.wire !== wire) throw cursor.mismatch(shape.message, known);
      else if (number === attributes) name = this.attribute(cursor.start, at);
      else {
        const text = texts[number];
        if (text !== undefined) name = this.#redact.text(text, this.#bytes, cursor.start, at);
      }
      if (name === undefined) continue;
      this.cuts.push(name);
      kept.push(this.#bytes.subarray(from, begin));
      from = at;
    }
    if (kept.length === 0) return undefined;
    kept.push(this.#bytes.subarray(from, end));
    return Buffer.concat(kept);
  }

  /** A status whose message quotes something keeps what stands before the quote. */
  status(start: number, end: number): Uint8Array | undefined {
    const cursor = this.#cursor;
    const kept: Uint8Array[] = [];
    let isCut = false;
    for (let at = start; at < end; ) {
      at = cursor.field(at, end, 'Status');
      const { number, begin, start: from } = cursor;
      const known = statusShape.fields[number];
      if (known !== undefined && known.wire !== cursor.wire) throw cursor.mismatch('Status', known);
      if (number === 2) {
        const bytes = this.#redact.statusBytes(this.#bytes, from, at);
        if (bytes < at - from) this.cuts.push('status.message');
        isCut ||= bytes < at - from;
        kept.push(delimited(0x12, this.#bytes.subarray(from, from + bytes)));
      } else if (known === undefined && cursor.wire === 2) {
        isCut = true;
        this.cuts.push(this.#redact.unknownField);
      } else kept.push(this.#bytes.subarray(begin, at));
    }
    if (!isCut) return undefined;
    return Buffer.concat(kept);
  }
}

const attributesField: Field = { name: 'attributes', wire: 2 };
