/** What a sender is told, in the encoding it spoke: google.rpc.Status for errors, ExportTraceServiceResponse for success. */
import { writeVarint } from '../wire.ts';

/** What OTLP/HTTP is spoken in: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export const encodings = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;
export type Encoding = keyof typeof encodings;

/** Codes of google.rpc.Code. */
export const codes = {
  invalidArgument: 3,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

export function statusBody(encoding: Encoding, code: number, message: string): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.concat([varintField(1, code), textField(2, message)]);
}

/** Nothing at all on full success, as the specification wants it. */
export function responseBody(encoding: Encoding, rejectedSpans: number, errorMessage: string): Buffer {
  if (rejectedSpans === 0) return Buffer.from(encoding === 'json' ? '{}' : '');
  if (encoding === 'json')
    return Buffer.from(JSON.stringify({ partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage } }));
  return field(1, Buffer.concat([varintField(1, rejectedSpans), textField(2, errorMessage)]));
}

const textField = (number: number, text: string): Buffer => field(number, Buffer.from(text));

function varintField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes[0] = number << 3;
  return bytes.subarray(0, writeVarint(bytes, 1, value));
}

function field(number: number, content: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head[0] = (number << 3) | 2;
  return Buffer.concat([head.subarray(0, writeVarint(head, 1, content.length)), content]);
}
