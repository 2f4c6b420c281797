/**
 * OTLP/JSON to the protobuf bytes of the same request, so that there is one walk. The rules that differ from proto3's
 * JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids are hex, enums are numbers, 64-bit
 * numbers may be text or number, unknown fields are ignored.
 */

import { Malformed } from '../wire.ts';
import type { Signal } from './signal.ts';

type Json = Record<string, unknown>;

/** The names that differ by signal. */
const names = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
} as const;

/** @throws Malformed with the JSON path of what is wrong. */
export function requestFromJson(text: string, signal: Signal = 'traces'): Buffer {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (problem) {
    throw new Malformed(`the body is not JSON: ${placeOf(problem)}`);
  }
  const { resources, scopes, items } = names[signal];
  const out = new Writer();
  list(object(request, '$'), resources, '$', (resourceItems, path) => {
    out.message(1, () => {
      single(resourceItems, 'resource', path, (resource, at) => out.message(1, () => attributes(out, 1, resource, at)));
      list(resourceItems, scopes, path, (scopeItems, at) => {
        out.message(2, () => {
          single(scopeItems, 'scope', at, (scope, where) =>
            out.message(1, () => {
              out.text(1, text_(scope, 'name', where));
              out.text(2, text_(scope, 'version', where));
              attributes(out, 3, scope, where);
            }),
          );
          list(scopeItems, items, at, (item, where) =>
            out.message(2, () => (signal === 'traces' ? spanOf(out, item, where) : logOf(out, item, where))),
          );
        });
      });
    });
  });
  return out.bytes();
}

/** Where the JSON breaks off; what the engine quotes of it is left out, because it may be content. */
function placeOf(problem: unknown): string {
  const message = problem instanceof Error ? problem.message : '';
  return /position \d+/.exec(message)?.[0].replace(/^/, 'it breaks off at ') ?? 'it ends early';
}

function logOf(out: Writer, log: Json, path: string): void {
  out.fixed64(1, integer(log, 'timeUnixNano', path));
  out.varint(2, integer(log, 'severityNumber', path));
  out.text(3, text_(log, 'severityText', path));
  single(log, 'body', path, (body, at) => out.message(5, () => anyValue(out, body, at)));
  attributes(out, 6, log, path);
  out.varint(7, integer(log, 'droppedAttributesCount', path));
  out.fixed32(8, integer(log, 'flags', path));
  out.raw(9, id(log, 'traceId', path));
  out.raw(10, id(log, 'spanId', path));
  out.fixed64(11, integer(log, 'observedTimeUnixNano', path));
  out.text(12, text_(log, 'eventName', path));
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
  out.varint(10, integer(span, 'droppedAttributesCount', path));
  list(span, 'events', path, (event, at) =>
    out.message(11, () => {
      out.fixed64(1, integer(event, 'timeUnixNano', at));
      out.text(2, text_(event, 'name', at));
      attributes(out, 3, event, at);
      out.varint(4, integer(event, 'droppedAttributesCount', at));
    }),
  );
  out.varint(12, integer(span, 'droppedEventsCount', path));
  list(span, 'links', path, (link, at) =>
    out.message(13, () => {
      out.raw(1, id(link, 'traceId', at));
      out.raw(2, id(link, 'spanId', at));
      out.text(3, text_(link, 'traceState', at));
      attributes(out, 4, link, at);
      out.varint(5, integer(link, 'droppedAttributesCount', at));
      out.fixed32(6, integer(link, 'flags', at));
    }),
  );
  out.varint(14, integer(span, 'droppedLinksCount', path));
  single(span, 'status', path, (status, at) =>
    out.message(15, () => {
      out.text(2, text_(status, 'message', at));
      out.varint(3, integer(status, 'code', at));
    }),
  );
  out.fixed32(16, integer(span, 'flags', path));
}

function attributes(out: Writer, field: number, owner: Json, path: string): void {
  list(owner, 'attributes', path, (pair, at) => out.message(field, () => keyValue(out, pair, at)));
}

/** Deeper than any SDK nests, and far from the end of the stack. */
const maxDepth = 100;

function anyValue(out: Writer, value: Json, path: string, depth = 0): void {
  if (depth > maxDepth) throw new Malformed(`a value is nested more than ${maxDepth} deep`);
  const given = (name: string): boolean => value[name] !== undefined && value[name] !== null;
  if (given('stringValue')) out.text(1, text_(value, 'stringValue', path), true);
  else if (given('boolValue')) out.varint(2, value['boolValue'] === true ? 1n : 0n, true);
  else if (given('intValue')) out.varint(3, integer(value, 'intValue', path), true);
  else if (given('doubleValue')) out.double(4, double(value['doubleValue'], `${path}.doubleValue`));
  else if (given('bytesValue')) out.raw(7, Buffer.from(text_(value, 'bytesValue', path), 'base64'), true);
  else if (given('arrayValue')) {
    const array = object(value['arrayValue'], `${path}.arrayValue`);
    out.message(5, () =>
      list(array, 'values', path, (item, at) => out.message(1, () => anyValue(out, item, at, depth + 1))),
    );
  } else if (given('kvlistValue')) {
    const pairs = object(value['kvlistValue'], `${path}.kvlistValue`);
    out.message(6, () =>
      list(pairs, 'values', path, (pair, at) => out.message(1, () => keyValue(out, pair, at, depth + 1))),
    );
  }
}

function keyValue(out: Writer, pair: Json, path: string, depth = 0): void {
  out.text(1, text_(pair, 'key', path));
  single(pair, 'value', path, (value, at) => out.message(2, () => anyValue(out, value, at, depth)));
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

/** An id that is no hex is left out: the span is rejected for it, alone. */
function id(owner: Json, name: string, path: string): Buffer {
  const hex = text_(owner, name, path);
  return /^([0-9a-fA-F]{2})*$/.test(hex) ? Buffer.from(hex, 'hex') : Buffer.alloc(0);
}

const least = -(2n ** 63n);
const most = 2n ** 64n - 1n;

function integer(owner: Json, name: string, path: string): bigint {
  const value = owner[name];
  if (value === undefined || value === null || value === '') return 0n;
  if (typeof value === 'number' && Number.isInteger(value)) return inRange(BigInt(value), name, path);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return inRange(BigInt(value), name, path);
  throw new Malformed(`${path}.${name}: expected a whole number`);
}

function inRange(value: bigint, name: string, path: string): bigint {
  if (value >= least && value <= most) return value;
  throw new Malformed(`${path}.${name}: expected a number of at most 64 bits`);
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

  fixed32(field: number, value: bigint): void {
    if (value === 0n) return;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)));
    this.#parts.push(varintOf(BigInt((field << 3) | 5)), bytes);
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
