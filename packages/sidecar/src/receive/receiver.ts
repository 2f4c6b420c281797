/** What happens to an export request, however it came: inflate, transcode, walk, spool. Taken means on disk. */
import type { Redactor } from '../redact/redactor.ts';
import type { Seen } from '../spool/seen.ts';
import type { Spool } from '../spool/spool.ts';
import { Malformed } from '../wire.ts';
import { type Body, type ContentEncoding, type Limits, NotInflatable, TooLarge } from './body.ts';
import type { Buffers } from './buffers.ts';
import { countCut, type ReceiveCounters } from './counters.ts';
import { inflate } from './inflate.ts';
import { requestFromJson } from './json.ts';
import type { Signal } from './signal.ts';
import { codes, type Encoding } from './status.ts';
import { type Walked, walk } from './walk.ts';

export interface ReceiverOptions {
  readonly spool: Spool;
  readonly seen: Seen;
  readonly counters: ReceiveCounters;
  readonly redact: Redactor;
  readonly buffers: Buffers;
  readonly limits: Limits;
  /** Epoch nanoseconds. */
  readonly now: () => bigint;
  /** Called before evaluation results are written. */
  readonly onLogs?: () => void;
}

/** What the sender is told. A refusal that is `unavailable` may be sent again, all others may not. */
export type Answer =
  | { readonly code: 0; readonly rejected: number; readonly message: string }
  | { readonly code: number; readonly message: string };

export interface Receiver {
  /** Takes the body's buffer over. */
  take(signal: Signal, encoding: Encoding, compression: ContentEncoding, body: Body): Promise<Answer>;
  /** Counts bytes of bodies that are held; `false` when there are too many already. To be undone with `release`. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** From now on every request is told to come again. */
  refuse(): void;
  readonly refusing: boolean;
}

export const stopping: Answer = { code: codes.unavailable, message: 'the sidecar is stopping' };
export const failed: Answer = { code: codes.internal, message: 'the request failed; see the log of the sidecar' };
export const busy: Answer = { code: codes.unavailable, message: 'too many bodies are being read; send it again' };

export function createReceiver(options: ReceiverOptions): Receiver {
  const { spool, seen, counters, redact, buffers, limits, now } = options;
  let refusing = false;
  let held = 0;
  const onCut = (name: string): void => countCut(counters, name);

  const receiver: Receiver = {
    async take(signal, encoding, compression, sent) {
      if (refusing) {
        buffers.give(sent.buffer);
        return stopping;
      }
      let walked: Walked;
      let inflatedBytes = 0;
      try {
        let body = sent;
        if (compression !== 'identity') {
          const inflated = await inflate(
            sent.buffer.subarray(0, sent.length),
            compression,
            limits.inflatedBytes,
          ).finally(() => buffers.give(sent.buffer));
          inflatedBytes = inflated.length;
          body = { buffer: inflated, length: inflated.length };
          if (!receiver.hold(inflatedBytes)) return busy;
        }
        if (encoding === 'json') {
          const text = body.buffer.toString('utf8', 0, body.length);
          if (body === sent) buffers.give(sent.buffer);
          const request = requestFromJson(text, signal);
          body = { buffer: request, length: request.length };
        }
        walked = walk(body, { signal, seen, redact, onCut, buffers, receivedAtUnixNano: now() });
      } catch (problem) {
        if (problem instanceof TooLarge) return { code: codes.resourceExhausted, message: problem.message };
        if (problem instanceof Malformed || problem instanceof NotInflatable) {
          counters.malformedRequests++;
          return { code: codes.invalidArgument, message: problem.message };
        }
        throw problem;
      } finally {
        if (inflatedBytes > 0) receiver.release(inflatedBytes);
      }
      if (signal === 'logs') options.onLogs?.();
      try {
        // Also with nothing to write: what the duplicates repeat may itself still be on its way to the disk.
        if (walked.spans > 0 || walked.duplicate > 0) await spool.append(walked.records, walked.spans);
      } catch (problem) {
        walked.forget();
        buffers.give(walked.buffer);
        counters.refused += walked.received;
        const why = problem instanceof Error ? problem.message : String(problem);
        return { code: codes.unavailable, message: `not on disk: ${why}; send it again` };
      }
      buffers.give(walked.buffer);
      counters.received += walked.received;
      counters.duplicate += walked.duplicate;
      counters.rejected += walked.rejected;
      counters.spooled += walked.spans;
      const what = signal === 'traces' ? 'spans' : 'log records';
      const why = walked.rejectedBecause
        ? `${walked.rejected} ${what} were rejected, the first because its ${walked.rejectedBecause}`
        : '';
      return { code: 0, rejected: walked.rejected, message: why };
    },
    hold(bytes) {
      held += bytes;
      return held <= limits.heldBytes;
    },
    release(bytes) {
      held -= bytes;
    },
    refuse() {
      refusing = true;
    },
    get refusing() {
      return refusing;
    },
  };
  return receiver;
}
