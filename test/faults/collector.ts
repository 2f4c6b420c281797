/** Other OTLP receivers, to which the sidecar passes things on: each remembers the number of all it was given. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Server as GrpcServer, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { exportPaths, numberOf, type Signal } from './numbered.ts';

export interface Collector {
  readonly port: number;
  readonly got: ReadonlySet<number>;
  close(): void;
}

/** Of each export request what leads to its trace ids. */
const { root } = protobuf.parse(`syntax = "proto3";
message Traces { repeated ResourceSpans resources = 1; }
message ResourceSpans { repeated ScopeSpans scopes = 2; }
message ScopeSpans { repeated Span items = 2; }
message Span { bytes trace_id = 1; }
message Logs { repeated ResourceLogs resources = 1; }
message ResourceLogs { repeated ScopeLogs scopes = 2; }
message ScopeLogs { repeated LogRecord items = 2; }
message LogRecord { bytes trace_id = 9; }
`);
const requests = { traces: root.lookupType('Traces'), logs: root.lookupType('Logs') };
interface Request {
  readonly resources: readonly { readonly scopes: readonly { readonly items: readonly { traceId: Uint8Array }[] }[] }[];
}

function numbersIn(signal: Signal, body: Uint8Array): number[] {
  const { resources } = requests[signal].decode(body) as unknown as Request;
  return resources.flatMap(({ scopes }) =>
    scopes.flatMap(({ items }) => items.map(({ traceId }) => numberOf(traceId))),
  );
}

export async function startHttpCollector(): Promise<Collector> {
  const got = new Set<number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the sender went in the middle: nothing was taken
    }
    const signal = request.url === '/v1/logs' ? 'logs' : 'traces';
    for (const number of numbersIn(signal, gunzipSync(Buffer.concat(chunks)))) got.add(number);
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    got,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function startGrpcCollector(): Promise<Collector> {
  const got = new Set<number>();
  const server = new GrpcServer();
  const asItIs = (bytes: Buffer): Buffer => bytes;
  for (const [signal, path] of Object.entries(exportPaths) as [Signal, string][])
    server.addService(
      {
        take: {
          path,
          requestStream: false,
          responseStream: false,
          requestSerialize: asItIs,
          requestDeserialize: asItIs,
          responseSerialize: asItIs,
          responseDeserialize: asItIs,
        },
      },
      {
        take: ({ request }: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
          for (const number of numbersIn(signal, request)) got.add(number);
          answer(null, Buffer.alloc(0));
        },
      },
    );
  const port = await new Promise<number>((bound, failed) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (problem, at) =>
      problem ? failed(problem) : bound(at),
    ),
  );
  return { port, got, close: () => server.forceShutdown() };
}
