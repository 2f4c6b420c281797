/**
 * OTLP/HTTP: `POST /v1/traces` and `/v1/logs`, protobuf or JSON, plain, gzip or zstd. 200 is said when everything that
 * was taken is on disk.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Aborted, type Body, type ContentEncoding, contentEncodings, type Limits, readBody, TooLarge } from './body.ts';
import type { Buffers } from './buffers.ts';
import { busy, type Receiver, stopping } from './receiver.ts';
import type { Signal } from './signal.ts';
import { codes, encodingOf, httpStatus, replyTo, sendStatus } from './status.ts';

export type OtlpEndpoint = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createHttpEndpoint(
  signal: Signal,
  { receiver, buffers, limits }: { receiver: Receiver; buffers: Buffers; limits: Limits },
): OtlpEndpoint {
  return async (request, response) => {
    const encoding = encodingOf(request.headers['content-type']);
    const say = (code: number, message: string, status = httpStatus(code)): void => {
      // What is left of the body is not read; the connection ends with the answer.
      if (!request.complete) response.setHeader('connection', 'close');
      if (status === 503) response.setHeader('retry-after', '1');
      sendStatus(request, response, status, code, message);
    };
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return say(codes.unimplemented, `${request.method} is not answered here, POST is`, 405);
    }
    if (!encoding) {
      const type = JSON.stringify(request.headers['content-type'] ?? '');
      const message = `content type ${type}: expected application/x-protobuf or application/json`;
      return say(codes.invalidArgument, message, 415);
    }
    const compression = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase() as ContentEncoding;
    if (!contentEncodings.includes(compression)) {
      const message = `content encoding ${JSON.stringify(compression)}: expected gzip, zstd or none`;
      return say(codes.invalidArgument, message, 415);
    }
    if (receiver.refusing) return say(stopping.code, stopping.message);

    let held = 0;
    try {
      let body: Body;
      try {
        body = await readBody(request, limits.bodyBytes, buffers, (bytes) => {
          held += bytes;
          return receiver.hold(bytes);
        });
      } catch (problem) {
        if (problem instanceof Aborted) return void response.destroy();
        if (problem instanceof TooLarge) return say(codes.resourceExhausted, problem.message);
        return say(busy.code, busy.message);
      }
      const answer = await receiver.take(signal, encoding, compression, body);
      const { status, type, body: said } = replyTo(signal, encoding, answer);
      if (status === 503) response.setHeader('retry-after', '1');
      response.writeHead(status, { 'content-type': type, 'content-length': said.length });
      response.end(said.length > 0 ? said : undefined); // an empty chunk costs as much as a full one
    } finally {
      receiver.release(held);
    }
  };
}
