/**
 * `POST /v1/traces`: OTLP/HTTP, protobuf or JSON, plain or gzip. 200 is said when every span that was taken is on disk.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRedactor } from '../redact.ts';
import type { Seen } from '../spool/seen.ts';
import type { Spool } from '../spool/spool.ts';
import { Malformed } from '../wire.ts';
import { defaultLimits, inflate, type Limits, NotGzip, readBody, TooLarge } from './body.ts';
import { Buffers } from './buffers.ts';
import type { ReceiveCounters } from './counters.ts';
import { requestFromJson } from './json.ts';
import { codes, type Encoding, encodings, responseBody, statusBody } from './status.ts';
import { type Walked, walk } from './walk.ts';

export interface ReceiverOptions {
  readonly spool: Spool;
  readonly seen: Seen;
  readonly counters: ReceiveCounters;
  readonly limits?: Limits;
  /** Epoch nanoseconds. */
  readonly now?: () => bigint;
}

export interface Receiver {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** From now on every request is told to come again. */
  refuse(): void;
}

export function createReceiver(options: ReceiverOptions): Receiver {
  const { spool, seen, counters, limits = defaultLimits, now = () => BigInt(Date.now()) * 1_000_000n } = options;
  const redact = createRedactor();
  const buffers = new Buffers();
  let refusing = false;

  const onCut = (pattern: string): void => {
    counters.cutAttributes[pattern] = (counters.cutAttributes[pattern] ?? 0) + 1;
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request);
    const say = (status: number, code: number, message: string): void => {
      // What is left of the body is not read; the connection ends with the answer.
      if (!request.complete) response.setHeader('connection', 'close');
      if (status === 503) response.setHeader('retry-after', '1');
      send(response, status, encoding ?? 'json', statusBody(encoding ?? 'json', code, message));
    };
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return say(405, codes.unimplemented, `${request.method} is not answered here, POST is`);
    }
    if (!encoding)
      return say(
        415,
        codes.invalidArgument,
        `content type ${JSON.stringify(request.headers['content-type'] ?? '')}: expected application/x-protobuf or application/json`,
      );
    const compression = request.headers['content-encoding'] ?? 'identity';
    if (compression !== 'gzip' && compression !== 'identity')
      return say(415, codes.invalidArgument, `content encoding ${JSON.stringify(compression)}: expected gzip or none`);
    if (refusing) return say(503, codes.unavailable, 'the sidecar is stopping');

    let buffer: Buffer | undefined;
    let walked: Walked;
    try {
      const received = await readBody(request, limits.bodyBytes, buffers);
      buffer = received.buffer;
      const inflated = compression === 'gzip' ? await inflate(received.body, limits.inflatedBytes) : received.body;
      const body = encoding === 'json' ? requestFromJson(inflated.toString('utf8')) : inflated;
      walked = walk(body, { seen, redact, onCut, buffers, receivedAtUnixNano: now() });
    } catch (problem) {
      if (problem instanceof TooLarge) return say(413, codes.resourceExhausted, problem.message);
      if (problem instanceof Malformed || problem instanceof NotGzip) {
        counters.malformedRequests++;
        return say(400, codes.invalidArgument, problem.message);
      }
      throw problem;
    } finally {
      if (buffer) buffers.give(buffer);
    }

    try {
      // Also with nothing to write: what the duplicates repeat may itself still be on its way to the disk.
      if (walked.spans > 0 || walked.duplicate > 0) await spool.append(walked.records, walked.spans);
    } catch (problem) {
      for (let index = 0; index < walked.identities.length; index += 2) {
        seen.remove(walked.records, walked.identities[index] as number, walked.identities[index + 1] as number);
      }
      counters.refused += walked.received;
      return say(
        503,
        codes.unavailable,
        `not on disk: ${problem instanceof Error ? problem.message : String(problem)}; send it again`,
      );
    }
    buffers.give(walked.buffer);
    counters.received += walked.received;
    counters.duplicate += walked.duplicate;
    counters.rejected += walked.rejected;
    counters.spooled += walked.spans;
    const why = walked.rejectedBecause
      ? `${walked.rejected} spans were rejected, the first because its ${walked.rejectedBecause}`
      : '';
    send(response, 200, encoding, responseBody(encoding, walked.rejected, why));
  }

  return {
    handle,
    refuse() {
      refusing = true;
    },
  };
}

function encodingOf(request: IncomingMessage): Encoding | undefined {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === encodings.protobuf) return 'protobuf';
  return type === encodings.json ? 'json' : undefined;
}

function send(response: ServerResponse, status: number, encoding: Encoding, body: Buffer): void {
  response.writeHead(status, { 'content-type': encodings[encoding], 'content-length': body.length });
  response.end(body);
}
