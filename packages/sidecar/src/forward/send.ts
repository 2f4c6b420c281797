/** One request to a target, over HTTP or gRPC, and what its answer means: taken, never to be taken, or to be sent again. */
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Cursor } from '../wire.ts';
import type { Signal } from './batch.ts';
import { logsUrlOf, type Target } from './target.ts';

export type Answer =
  /** `rejected` spans were named in partial_success. */
  | { readonly kind: 'taken'; readonly rejected: number }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'retry'; readonly because: string; readonly afterMs?: number };

export interface Sender {
  /** Never rejects. */
  send(body: Buffer, signal: Signal): Promise<Answer>;
  close(): void;
}

const gzip = promisify(gzipCallback);

/** @param patienceMs for an answer. */
export const senderOf = (target: Target, patienceMs = 30_000): Sender =>
  (target.url.protocol.startsWith('grpc') ? grpcSender : httpSender)(target, patienceMs);

function httpSender({ url, headers, gzip: compress }: Target, patienceMs: number): Sender {
  const { username, password } = url;
  const address = new URL(url);
  address.username = '';
  address.password = '';
  const basic = username
    ? {
        authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      }
    : {};
  return {
    async send(body, signal) {
      try {
        const response = await fetch(signal === 'logs' ? logsUrlOf(address) : address, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-protobuf',
            ...(compress ? { 'content-encoding': 'gzip' } : {}),
            ...basic,
            ...headers,
          },
          body: new Uint8Array(compress ? await gzip(body) : body),
          redirect: 'error',
          signal: AbortSignal.timeout(patienceMs),
        });
        const answer = Buffer.from(await response.arrayBuffer());
        if (response.ok) return { kind: 'taken', rejected: rejectedIn(answer) };
        const because = `HTTP ${response.status}`;
        // OTLP 1.11: these four may be sent again, everything else may not.
        if (![429, 502, 503, 504].includes(response.status)) return { kind: 'refused', because };
        const after = Number(response.headers.get('retry-after'));
        return { kind: 'retry', because, ...(after > 0 ? { afterMs: after * 1_000 } : {}) };
      } catch (problem) {
        return { kind: 'retry', because: reasonOf(problem, patienceMs) };
      }
    },
    close() {},
  };
}

const exportPath: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
const retryable: readonly number[] = [
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
];
const asItIs = (bytes: Buffer): Buffer => bytes;

function grpcSender({ url, headers, gzip: compress }: Target, patienceMs: number): Sender {
  const connect = (): Client =>
    new Client(
      url.host.includes(':') ? url.host : `${url.host}:4317`,
      url.protocol === 'grpcs:' ? credentials.createSsl() : credentials.createInsecure(),
      // Its connection is its own, so that a new client has a new one.
      { 'grpc.use_local_subchannel_pool': 1, ...(compress ? { 'grpc.default_compression_algorithm': 2 } : {}) },
    );
  let client = connect();
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name.toLowerCase(), value);
  return {
    send: (body, signal) =>
      new Promise((done) => {
        client.makeUnaryRequest(
          exportPath[signal],
          asItIs,
          asItIs,
          body,
          metadata,
          { deadline: Date.now() + patienceMs },
          (problem: ServiceError | null, answer?: Buffer) => {
            if (!problem) return done({ kind: 'taken', rejected: rejectedIn(answer ?? Buffer.alloc(0)) });
            // The connection may be gone without a word, and would be asked again and again.
            if (problem.code === status.DEADLINE_EXCEEDED) {
              client.close();
              client = connect();
            }
            const because = `gRPC ${status[problem.code] ?? problem.code}`;
            const afterMs = retryDelayIn(problem.metadata);
            // Without a time to come again it says that the request is too large, as it will be every time.
            const isLasting = problem.code === status.RESOURCE_EXHAUSTED && afterMs === undefined;
            if (isLasting || !retryable.includes(problem.code)) return done({ kind: 'refused', because });
            done({ kind: 'retry', because, ...(afterMs !== undefined && { afterMs }) });
          },
        );
      }),
    close: () => client.close(),
  };
}

/** `rejected_spans` of an ExportTraceServiceResponse; an answer that is none counts as none rejected. */
function rejectedIn(answer: Uint8Array): number {
  try {
    const [partial = nothing] = fieldsIn(answer, 1);
    const [rejected = nothing] = fieldsIn(partial, 1);
    return numberIn(rejected);
  } catch {
    return 0; // what it says beside its 200 is of no use then
  }
}

/** The delay that a google.rpc.RetryInfo among the details of a status asks for, in ms; undefined when there is none. */
function retryDelayIn(metadata: Metadata | undefined): number | undefined {
  const [status] = metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(status)) return undefined;
  try {
    for (const detail of fieldsIn(status, 3)) {
      const [type = nothing] = fieldsIn(detail, 1);
      if (!Buffer.from(type).toString().endsWith('/google.rpc.RetryInfo')) continue;
      const [info = nothing] = fieldsIn(detail, 2);
      const [delay = nothing] = fieldsIn(info, 1);
      const [seconds = nothing] = fieldsIn(delay, 1);
      const [nanos = nothing] = fieldsIn(delay, 2);
      return numberIn(seconds) * 1_000 + numberIn(nanos) / 1e6;
    }
  } catch {
    // what it says beside its code is of no use then
  }
  return undefined;
}

const nothing = new Uint8Array();

/** The content of every field of that number. @throws Malformed */
function fieldsIn(bytes: Uint8Array, number: number): Uint8Array[] {
  const cursor = new Cursor(bytes);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    at = cursor.field(at, bytes.length, 'message');
    if (cursor.number === number) found.push(bytes.subarray(cursor.start, cursor.end));
  }
  return found;
}

/** Of a varint's bytes. */
const numberIn = (varint: Uint8Array): number =>
  varint.reduce((sum, byte, index) => sum + (byte & 0x7f) * 2 ** (7 * index), 0);

function reasonOf(problem: unknown, patienceMs: number): string {
  const { message, cause, name } = problem as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer within ${patienceMs / 1_000} s`;
  return cause?.code ?? cause?.message ?? message;
}
