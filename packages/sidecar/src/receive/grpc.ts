/**
 * OTLP/gRPC. The messages come as bytes and go the way of every other request: no codec touches them.
 * Only what the specification calls retryable is answered so: UNAVAILABLE, with a RetryInfo.
 */
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { Limits } from './body.ts';
import type { Receiver } from './receiver.ts';
import type { Signal } from './signal.ts';
import { codes, responseBody, statusWithRetry } from './status.ts';

export interface GrpcOptions {
  readonly receiver: Receiver;
  readonly limits: Limits;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Says whether these credentials may knock; absent when everybody may. */
  readonly admits?: ((authorization: string | undefined) => boolean) | undefined;
  /** PEM. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly log: (line: string) => void;
}

export interface GrpcServer {
  readonly port: number;
  /** Takes nothing more, and resolves when what was being answered is. */
  close(): Promise<void>;
}

const services = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
} as const;

const asBytes = (bytes: Buffer): Buffer => bytes;
const retrySeconds = 1;

/** @throws Error when the port is taken. */
export async function startGrpcServer(options: GrpcOptions): Promise<GrpcServer> {
  const { host, port, tls, limits } = options;
  const server = new Server({ 'grpc.max_receive_message_length': limits.bodyBytes });
  for (const [signal, service] of Object.entries(services) as [Signal, string][]) {
    const definition = {
      path: `/${service}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asBytes,
      requestDeserialize: asBytes,
      responseSerialize: asBytes,
      responseDeserialize: asBytes,
    } as const;
    server.addService(
      { Export: definition },
      {
        Export(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
          exported(signal, call, options).then(
            (said) => answer(null, said),
            (problem: unknown) => answer(refusalOf(problem, options.log)),
          );
        },
      },
    );
  }
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
    : ServerCredentials.createInsecure();
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, credentials, (problem, at) =>
      problem ? reject(problem) : resolve(at),
    ),
  );
  return {
    port: bound,
    close: () =>
      new Promise((done) => {
        const tooLong = setTimeout(() => server.forceShutdown(), 2_000);
        server.tryShutdown(() => {
          clearTimeout(tooLong);
          done();
        });
      }),
  };
}

class Refusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

async function exported(
  signal: Signal,
  call: ServerUnaryCall<Buffer, Buffer>,
  { receiver, admits }: GrpcOptions,
): Promise<Buffer> {
  if (admits && !admits(call.metadata.get('authorization')[0]?.toString()))
    throw new Refusal(codes.unauthenticated, 'a bearer token is wanted: authorization: Bearer …');
  const { request } = call;
  try {
    if (!receiver.hold(request.length)) throw new Refusal(codes.unavailable, 'too many bodies are being read');
    const answer = await receiver.take(signal, 'protobuf', 'identity', { buffer: request, length: request.length });
    if (!('rejected' in answer)) throw new Refusal(answer.code, answer.message);
    return responseBody(signal, 'protobuf', answer.rejected, answer.message);
  } finally {
    receiver.release(request.length);
  }
}

function refusalOf(
  problem: unknown,
  log: (line: string) => void,
): { code: number; details: string; metadata?: Metadata } {
  if (!(problem instanceof Refusal)) {
    log(`a gRPC request failed: ${problem instanceof Error ? problem.message : String(problem)}`);
    return { code: codes.internal, details: 'the request failed; see the log of the sidecar' };
  }
  const { code, message } = problem;
  if (code !== codes.unavailable) return { code, details: message };
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', statusWithRetry(code, message, retrySeconds));
  return { code, details: message, metadata };
}
