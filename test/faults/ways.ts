/** The ways a request may come: OTLP/HTTP as protobuf, gzipped or not, or as JSON, and OTLP/gRPC. */
import { type ClientRequest, request } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { exportPaths, requestOf, type Signal } from './numbered.ts';

export const ways = ['protobuf', 'gzip', 'json', 'grpc'] as const;
export type Way = (typeof ways)[number];
export type Connection = 'good' | 'half-open' | 'slow';

export interface Shipment {
  readonly signal: Signal;
  readonly numbers: readonly number[];
  readonly way: Way;
}

export interface Door {
  /** Resolves to the HTTP status, or what gRPC's comes to. @throws Error when there was no answer. */
  send(shipment: Shipment, connection: Connection): Promise<number>;
  /** Ends what is still open. */
  close(): void;
}

/** @param grpcPort undefined: what would come over gRPC comes over HTTP. */
export function openDoor(url: string, grpcPort: number | undefined): Door {
  const client = grpcPort === undefined ? undefined : new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  /** Requests whose second half never comes. */
  const hanging: ClientRequest[] = [];
  return {
    async send({ signal, numbers, way }, connection) {
      const body = requestOf(signal, way === 'json' ? 'json' : 'protobuf', numbers);
      if (way === 'grpc' && client && connection === 'good') return call(client, signal, Buffer.from(body));
      const headers = {
        'content-type': `application/${way === 'json' ? 'json' : 'x-protobuf'}`,
        ...(way === 'gzip' && { 'content-encoding': 'gzip' }),
      };
      const sent = way === 'gzip' ? await zipped(body) : body;
      return post(`${url}/v1/${signal}`, headers, sent, connection, hanging);
    },
    close() {
      client?.close();
      for (const each of hanging.splice(0)) each.destroy();
    },
  };
}

const zipped = promisify(gzip);
const asItIs = (bytes: Buffer): Buffer => bytes;
function call(client: Client, signal: Signal, body: Buffer): Promise<number> {
  return new Promise((answered, failed) => {
    client.makeUnaryRequest(exportPaths[signal], asItIs, asItIs, body, (problem: ServiceError | null) => {
      if (!problem) return answered(200);
      if (problem.code !== status.UNAVAILABLE) return answered(problem.code);
      // A refusal says when to come again; a connection that broke says nothing.
      if (problem.metadata.get('grpc-status-details-bin').length > 0) answered(503);
      else failed(problem);
    });
  });
}

let turn = 0;

function post(
  url: string,
  type: Record<string, string>,
  body: Uint8Array,
  connection: Connection,
  hanging: ClientRequest[],
): Promise<number> {
  return new Promise((answered, failed) => {
    const headers = { ...type, 'content-length': body.length };
    const sending = request(url, { method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.once('end', () => answered(response.statusCode as number));
      response.once('error', failed);
    });
    sending.once('error', failed);
    if (connection === 'good') return void sending.end(body);
    const middle = body.length / 2;
    sending.write(body.subarray(0, middle), () => {
      if (connection === 'half-open') {
        if (turn++ % 2 === 0) return void sending.destroy(new Error('hung up'));
        hanging.push(sending);
        failed(new Error('nothing more was sent'));
      } else setImmediate(() => setImmediate(() => sending.end(body.subarray(middle))));
    });
  });
}
