/**
 * OTLP/JSON to the protobuf bytes of the same request, so that there is one walk. The rules that differ from proto3's
 * JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids are hex, enums are numbers, 64-bit
 * numbers may be text or number, unknown fields are ignored.
 */
import { Malformed } from '../wire.ts';

type Json = Record<string, unknown>;

/** @throws Malformed with the JSON path of what is wrong. */
export function requestFromJson(text: string): Buffer {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (problem) {
    throw new Malformed(`the body is not JSON: ${problem instanceof Error ? problem.message : String(problem)}`);
  }
  const out = new Writer();
  list(object(request, '$'), 'resourceSpans', '$', (item, path) => {
    out.message(1, () => {
      single(item, 'resource', path, (resource, at) => out.message(1, () => attributes(out, 1, resource, at)));
      list(item, 'scopeSpans', path, (scopeSpans, at) => {
        out.message(2, () => {
          single(scopeSpans, 'scope', at, (scope, where) =>
            out.message(1, () => {
              out.text(1, text_(scope, 'name', where));
              out.text(2, text_(scope, 'version', where));
              attributes(out, 3, scope, where);
            }),
          );
          list(scopeSpans, 'spans', at, (span, where) => out.message(2, () => spanOf(out, span, where)));
        });
      });
    });
  });
  return out.bytes();
}

function spanOf(out: Writer, span: Json, path: string): void {
  out.raw(1, id(span, 'traceId', path));
  out.raw(2, id(span, 'spanId', path));
  out.text(3, text_(span, 'traceState', path));
  out.raw(4, id(span, 'parentSpanId', path));
  out.text(5, text_(span, 'name', path));
  out.varint(6, integer(span, 'kind', path));
  out.fixed64(7, integer(span, 'startTimeUnixNano', path));
  out.fixed64(8, integer(span, 'endTimeUnixNano', path));
  attributes(out, 9, span, path);
  list(span, 'events', path, (event, at) =>
    out.message(11, () => {
      out.fixed64(1, integer(event, 'timeUnixNano', at));
      out.text(2, text_(event, 'name', at));
      attributes(out, 3, event, at);
    }),
  );
  list(span, 'links', path, (link, at) =>
    out.message(13, () => {
      out.raw(1, id(link, 'traceId', at));
      out.raw(2, id(link, 'spanId', at));
      out.text(3, text_(link, 'traceState', at));
      attributes(out, 4, link, at);
    }),
  );
  single(span, 'status', path, (status, at) =>
    out.message(15, () => {
      out.text(2, text_(status, 'message', at));
      out.varint(3, integer(status, 'code', at));
    }),
  );
}

function attributes(out: Writer, field: number, owner: Json, path: string): void {
  list(owner, 'attributes', path, (attribute, at) =>
    out.message(field, () => {
      out.text(1, text_(attribute, 'key', at));
      single(attribute, 'value', at, (value, where) => out.message(2, () => anyValue(out, value, where)));
    }),
  );
}

function anyValue(out: Writer, value: Json, path: string): void {
  const given = (name: string): boolean => value[name] !== undefined && value[name] !== null;
  if (given('stringValue')) out.text(1, text_(value, 'stringValue', path), true);
  else if (given('boolValue')) out.varint(2, value['boolValue'] === true ? 1n : 0n, true);
  else if (given('intValue')) out.varint(3, integer(value, 'intValue', path), true);
  else if (given('doubleValue')) out.double(4, double(value['doubleValue'], `${path}.doubleValue`));
  else if (given('bytesValue')) out.raw(7, Buffer.from(text_(value, 'bytesValue', path), 'base64'), true);
  else if (given('arrayValue')) {
    const array = object(value['arrayValue'], `${path}.arrayValue`);
    out.message(5, () => list(array, 'values', path, (item, at) => out.message(1, () => anyValue(out, item, at))));
  } else if (given('kvlistValue')) {
    const pairs = object(value['kvlistValue'], `${path}.kvlistValue`);
    out.message(6, () =>
      list(pairs, 'values', path, (pair, at) =>
        out.message(1, () => {
          out.text(1, text_(pair, 'key', at));
          single(pair, 'value', at, (inner, where) => out.message(2, () => anyValue(out, inner, where)));
        }),
      ),
    );
  }
}

function object(value: unknown, path: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new Malformed(`${path}: expected an object`);
}

function list(owner: Json, name: string, path: string, each: (item: Json, path: string) => void): void {
  const value = owner[name];
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw new Malformed(`${path}.${name}: expected an array`);
  value.forEach((item: unknown, index) => {
    const at = `${path}.${name}[${index}]`;
    each(object(item, at), at);
  });
}

function single(owner: Json, name: string, path: string, use: (value: Json, path: string) => void): void {
  const value = owner[name];
  if (value !== undefined && value !== null) use(object(value, `${path}.${name}`), `${path}.${name}`);
}

function text_(owner: Json, name: string, path: string): string {
  const value = owner[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new Malformed(`${path}.${name}: expected text`);
}

function id(owner: Json, name: string, path: string): Buffer {
  const hex = text_(owner, name, path);
  if (!/^([0-9a-fA-F]{2})*$/.test(hex)) throw new Malformed(`${path}.${name}: expected hex digits`);
  return Buffer.from(hex, 'hex');
}

function integer(owner: Json, name: string, path: string): bigint {
  const value = owner[name];
  if (value === undefined || value === null || value === '') return 0n;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new Malformed(`${path}.${name}: expected a whole number`);
}

function double(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && value !== '' && Number.isFinite(Number(value))) return Number(value);
  throw new Malformed(`${path}: expected a number`);
}

/** Protobuf from the inside out: a message is collected, then put behind its length. Defaults are left out. */
class Writer {
  #parts: Buffer[] = [];

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  message(field: number, write: () => void): void {
    const outer = this.#parts;
    this.#parts = [];
    write();
    const content = Buffer.concat(this.#parts);
    this.#parts = outer;
    this.#parts.push(varintOf(BigInt((field << 3) | 2)), varintOf(BigInt(content.length)), content);
  }

  raw(field: number, content: Buffer, always = false): void {
    if (content.length > 0 || always)
      this.#parts.push(varintOf(BigInt((field << 3) | 2)), varintOf(BigInt(content.length)), content);
  }

  text(field: number, content: string, always = false): void {
    this.raw(field, Buffer.from(content), always);
  }

  varint(field: number, value: bigint, always = false): void {
    if (value !== 0n || always) this.#parts.push(varintOf(BigInt(field << 3)), varintOf(BigInt.asUintN(64, value)));
  }

  fixed64(field: number, value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.#parts.push(varintOf(BigInt((field << 3) | 1)), bytes);
  }

  double(field: number, value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(varintOf(BigInt((field << 3) | 1)), bytes);
  }
}

function varintOf(value: bigint): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  bytes.push(Number(value));
  return Buffer.from(bytes);
}
