/** Protobuf's wire format, as far as walking needs it: https://protobuf.dev/programming-guides/encoding/ */

/** The bytes are not what they say they are. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** What a field of a known message must look like: its wire type, and what is in it when that is known too. */
export interface Shape {
  readonly message: string;
  /** By field number; a hole is an unknown field, which is skipped. */
  readonly fields: readonly (Field | undefined)[];
}

export interface Field {
  readonly name: string;
  readonly wire: 0 | 1 | 2 | 5;
  readonly shape?: Shape;
}

function shape(message: string, fields: Record<number, Field>): Shape {
  const list: (Field | undefined)[] = Array.from({ length: 16 });
  for (const [number, field] of Object.entries(fields)) list[Number(number)] = field;
  return { message, fields: list };
}
const text = (name: string): Field => ({ name, wire: 2 });
const varint = (name: string): Field => ({ name, wire: 0 });
const fixed64 = (name: string): Field => ({ name, wire: 1 });
const sub = (name: string, of: Shape): Field => ({ name, wire: 2, shape: of });

const scalars = {
  1: text('string_value'),
  2: varint('bool_value'),
  3: varint('int_value'),
  4: fixed64('double_value'),
};
const arrayValue = shape('ArrayValue', { 1: sub('values', shape('AnyValue', scalars)) });
const anyValue = shape('AnyValue', {
  ...scalars,
  5: sub('array_value', arrayValue),
  6: text('kvlist_value'),
  7: text('bytes_value'),
});
export const keyValue: Shape = shape('KeyValue', { 1: text('key'), 2: sub('value', anyValue) });
export const resourceShape: Shape = shape('Resource', { 1: sub('attributes', keyValue), 3: text('entity_refs') });
export const scopeShape: Shape = shape('InstrumentationScope', { 1: text('name'), 2: text('version') });
export const eventShape: Shape = shape('Event', {
  1: fixed64('time_unix_nano'),
  2: text('name'),
  3: sub('attributes', keyValue),
});
export const linkShape = shape('Link', {
  1: text('trace_id'),
  2: text('span_id'),
  3: text('trace_state'),
  4: sub('attributes', keyValue),
});
export const statusShape = shape('Status', { 2: text('message'), 3: varint('code') });
/** A log record as far as it is read: what is kept of logs are evaluation results, which have no body. */
export const logShape: Shape = shape('LogRecord', {
  1: fixed64('time_unix_nano'),
  2: varint('severity_number'),
  3: text('severity_text'),
  5: text('body'),
  6: sub('attributes', keyValue),
  9: text('trace_id'),
  10: text('span_id'),
  11: fixed64('observed_time_unix_nano'),
  12: text('event_name'),
});
export const spanShape: Shape = shape('Span', {
  1: text('trace_id'),
  2: text('span_id'),
  3: text('trace_state'),
  4: text('parent_span_id'),
  5: text('name'),
  6: varint('kind'),
  7: fixed64('start_time_unix_nano'),
  8: fixed64('end_time_unix_nano'),
  9: sub('attributes', keyValue),
  11: sub('events', eventShape),
  13: sub('links', linkShape),
  15: sub('status', statusShape),
});

/** Reads fields one after the other; one per walk, so that nothing is allocated on the way. */
export class Cursor {
  bytes: Uint8Array;
  /** Field number, wire type and bounds of the value of the field read last; `begin` is where its tag stood. */
  number = 0;
  wire = 0;
  begin = 0;
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads the field at `at`, which must end before `limit`. @returns the offset behind it. */
  field(at: number, limit: number, message: string): number {
    const { bytes } = this;
    this.begin = at;
    let tag = bytes[at++] as number;
    if (tag >= 0x80) {
      tag &= 0x7f;
      for (let scale = 128; ; scale *= 128) {
        const byte = bytes[at++] as number;
        if (at > limit || scale > 2 ** 28) throw this.#wrong(message, 'a field tag does not end');
        tag += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
      }
    }
    if (tag > 0xffff_ffff) throw this.#wrong(message, 'a field tag of more than 32 bits');
    this.number = Math.floor(tag / 8);
    this.wire = tag & 7;
    if (this.number === 0) throw this.#wrong(message, 'field number 0');
    switch (this.wire) {
      case 0: {
        this.start = at;
        const most = Math.min(limit, at + 10);
        while (at < most && (bytes[at] as number) >= 0x80) at++;
        if (at >= most) throw this.#wrong(message, 'a varint does not end');
        this.end = at + 1;
        break;
      }
      case 1:
        this.start = at;
        this.end = at + 8;
        break;
      case 2: {
        let length = bytes[at++] as number;
        if (length >= 0x80) {
          length &= 0x7f;
          for (let scale = 128; ; scale *= 128) {
            const byte = bytes[at++] as number;
            if (at > limit || scale > 2 ** 28) throw this.#wrong(message, 'a length does not end');
            length += (byte & 0x7f) * scale;
            if (byte < 0x80) break;
          }
        }
        this.start = at;
        this.end = at + length;
        break;
      }
      case 5:
        this.start = at;
        this.end = at + 4;
        break;
      default:
        throw this.#wrong(message, `wire type ${this.wire} is not in use`);
    }
    if (this.end > limit)
      throw this.#wrong(message, `field ${this.number} runs ${this.end - limit} bytes over the end of its message`);
    return this.end;
  }

  /** Walks a message whole and checks every field that is known, down to the last. */
  check(start: number, limit: number, of: Shape): void {
    for (let at = start; at < limit; ) {
      at = this.field(at, limit, of.message);
      const known = of.fields[this.number];
      if (known === undefined) continue;
      if (known.wire !== this.wire) throw this.mismatch(of.message, known);
      if (known.shape) this.check(this.start, at, known.shape);
    }
  }

  /** @throws Malformed when the field read last is of another wire type. */
  expect(message: string, name: string, wire: Field['wire']): void {
    if (this.wire !== wire) throw this.mismatch(message, { name, wire });
  }

  mismatch(message: string, field: Field): Malformed {
    return this.#wrong(message, `${field.name} has wire type ${this.wire}, expected ${field.wire}`);
  }

  #wrong(message: string, what: string): Malformed {
    return new Malformed(`${message} at byte ${this.begin}: ${what}`);
  }
}

/** How many bytes a length takes as a varint. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes a varint below 2^31. @returns the offset behind it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    into[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  into[at++] = value;
  return at;
}

/** Is `start..end` exactly one varint? */
export function isVarint(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 1 || end - start > 10) return false;
  for (let at = start; at < end - 1; at++) if ((bytes[at] as number) < 0x80) return false;
  return (bytes[end - 1] as number) < 0x80;
}
