/** What a sender is told, in the encoding it spoke: google.rpc.Status for errors, Export…ServiceResponse for success. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeVarint } from '../wire.ts';
import type { Answer } from './receiver.ts';
import type { Signal } from './signal.ts';

/** What OTLP/HTTP is spoken in: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
const encodings = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;
export type Encoding = keyof typeof encodings;

/** Codes of google.rpc.Code. */
export const codes = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** @param contentType as the sender said it. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  if (contentType === encodings.protobuf) return 'protobuf';
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === encodings.protobuf) return 'protobuf';
  return type === encodings.json ? 'json' : undefined;
}

/** Ends the response with a google.rpc.Status in the request's encoding, in JSON when that is not known. */
export function sendStatus(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
): void {
  const encoding = encodingOf(request.headers['content-type']) ?? 'json';
  const body = statusBody(encoding, code, message);
  response.writeHead(status, { 'content-type': encodings[encoding], 'content-length': body.length });
  response.end(body);
}

/** What is said over HTTP about what became of a request. */
export function replyTo(signal: Signal, encoding: Encoding, answer: Answer): Reply {
  const type = encodings[encoding];
  if ('rejected' in answer)
    return { status: 200, type, body: responseBody(signal, encoding, answer.rejected, answer.message) };
  return { status: httpStatus(answer.code), type, body: statusBody(encoding, answer.code, answer.message) };
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

export function httpStatus(code: number): number {
  if (code === codes.unavailable) return 503;
  if (code === codes.resourceExhausted) return 413;
  return code === codes.invalidArgument ? 400 : 500;
}

function statusBody(encoding: Encoding, code: number, message: string): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.concat([varintField(1, code), textField(2, message)]);
}

/** google.rpc.Status with a RetryInfo, as gRPC wants it in `grpc-status-details-bin`. */
export function statusWithRetry(code: number, message: string, delaySeconds: number): Buffer {
  const retryInfo = field(1, varintField(1, delaySeconds)); // RetryInfo { Duration retry_delay { int64 seconds } }
  const any = Buffer.concat([textField(1, 'type.googleapis.com/google.rpc.RetryInfo'), field(2, retryInfo)]);
  return Buffer.concat([varintField(1, code), textField(2, message), field(3, any)]);
}

/** Nothing at all on full success, as the specification wants it. */
export function responseBody(signal: Signal, encoding: Encoding, rejected: number, errorMessage: string): Buffer {
  if (rejected === 0) return Buffer.from(encoding === 'json' ? '{}' : '');
  if (encoding === 'protobuf') return field(1, Buffer.concat([varintField(1, rejected), textField(2, errorMessage)]));
  const name = signal === 'traces' ? 'rejectedSpans' : 'rejectedLogRecords';
  return Buffer.from(JSON.stringify({ partialSuccess: { [name]: String(rejected), errorMessage } }));
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
