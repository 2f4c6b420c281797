/** One request to a target, over HTTP or gRPC, and what its answer means: taken, never to be taken, or to be sent again. */
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Cursor } from '../wire.ts';
import type { Signal } from './batch.ts';
import { logsUrlOf, shown, type Target } from './target.ts';

export type Answer =
  /** `rejected` spans were named in partial_success, `because` of what it says there. */
  | { readonly kind: 'taken'; readonly rejected: number; readonly because?: string }
  | { readonly kind: 'refused'; readonly because: string }
  /** Less in a request may do. */
  | { readonly kind: 'too large'; readonly because: string }
  | { readonly kind: 'retry'; readonly because: string; readonly afterMs?: number };

export interface Sender {
  /** Never rejects. @param stopped ends the waiting for an answer: it is `retry` then. */
  send(body: Buffer, signal: Signal, stopped: AbortSignal): Promise<Answer>;
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
    async send(body, signal, stopped) {
      const ended = new AbortController();
      const stop = (): void => ended.abort(new Error('stopped before it answered'));
      const patience = setTimeout(() => ended.abort(new Error(`no answer within ${patienceMs / 1_000} s`)), patienceMs);
      stopped.addEventListener('abort', stop);
      if (stopped.aborted) stop();
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
          redirect: 'manual', // a request with keys in its head goes nowhere but where it was told to
          signal: ended.signal,
        });
        const answer = await bodyOf(response);
        return response.ok ? takenBy(answer) : notTaken(response);
      } catch (problem) {
        return { kind: 'retry', because: reasonOf(problem) };
      } finally {
        clearTimeout(patience);
        stopped.removeEventListener('abort', stop);
      }
    },
    close() {},
  };
}

/** OTLP 1.11: four codes may be sent again, everything else may not. A wrong address is put right by a person. */
function notTaken({ status, headers, url }: Response): Answer {
  const because = `HTTP ${status}`;
  if (status >= 300 && status < 400) {
    const location = headers.get('location');
    const to = location && URL.canParse(location, url) ? shown(new URL(location, url)) : 'somewhere else';
    return {
      kind: 'retry',
      because: `${because}: it sends one on to ${to}; name that address, if it is the right one`,
    };
  }
  if (status === 413) return { kind: 'too large', because };
  if (![429, 502, 503, 504].includes(status)) return { kind: 'refused', because };
  const afterMs = delayOf(headers.get('retry-after'));
  return { kind: 'retry', because, ...(afterMs !== undefined && { afterMs }) };
}

/** Of a Retry-After: seconds, or a date. In ms; undefined when it says nothing. */
function delayOf(text: string | null): number | undefined {
  if (text === null || text.trim() === '') return undefined;
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return ms > 0 ? ms : undefined;
}

const mostOfAnAnswer = 64 * 1024;

/** The beginning of it; what is no OTLP may send for ever. */
async function bodyOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostOfAnAnswer) break;
  }
  return Buffer.concat(chunks);
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
    send: (body, signal, stopped) =>
      new Promise((done) => {
        const call = client.makeUnaryRequest(
          exportPath[signal],
          asItIs,
          asItIs,
          body,
          metadata,
          { deadline: Date.now() + patienceMs },
          (problem: ServiceError | null, answer?: Buffer) => {
            stopped.removeEventListener('abort', stop);
            if (!problem) return done(takenBy(answer ?? nothing));
            // The connection may be gone without a word, and would be asked again and again.
            if (problem.code === status.DEADLINE_EXCEEDED) {
              client.close();
              client = connect();
            }
            done(refusedBy(problem));
          },
        );
        const stop = (): void => call.cancel();
        stopped.addEventListener('abort', stop);
        if (stopped.aborted) stop();
      }),
    close: () => client.close(),
  };
}

function refusedBy(problem: ServiceError): Answer {
  const because = `gRPC ${status[problem.code] ?? problem.code}: ${lineOf(problem.details)}`;
  const afterMs = retryDelayIn(problem.metadata);
  if (problem.code === status.RESOURCE_EXHAUSTED && afterMs === undefined)
    // Without a time to come again it says so of every request that is alike.
    return { kind: tooLarge.test(problem.details) ? 'too large' : 'refused', because };
  if (!retryable.includes(problem.code)) return { kind: 'refused', because };
  return { kind: 'retry', because, ...(afterMs !== undefined && { afterMs }) };
}

/** As the gRPC libraries say it. */
const tooLarge = /larger than max|exceeds maximum|too large/i;

/** What an ExportTraceServiceResponse or ExportLogsServiceResponse says; an answer that is none says nothing. */
function takenBy(answer: Uint8Array): Answer {
  try {
    const [partial = nothing] = fieldsIn(answer, 1);
    const [rejected = nothing] = fieldsIn(partial, 1);
    const [message = nothing] = fieldsIn(partial, 2);
    return { kind: 'taken', rejected: numberIn(rejected), because: lineOf(Buffer.from(message).toString()) };
  } catch {
    return { kind: 'taken', rejected: 0 }; // what it says beside its 200 is of no use then
  }
}

const lineOf = (text: string): string => text.split('\n', 1)[0]?.slice(0, 200) ?? '';

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

function reasonOf(problem: unknown): string {
  const { message, cause } = problem as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}
