/**
 * Passes stored spans on to other OTLP receivers. Each target has a cursor of its own in the spool: one that is down
 * holds up nobody else, and gets what it missed when it is back, at least once, as far as its bound reaches.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesMatcher } from '../redact/match.ts';
import { piecesOf } from '../spool/pieces.ts';
import type { Consumer, Segment, Spool } from '../spool/spool.ts';
import { type Batch, type BatchOptions, batchesOf } from './batch.ts';
import { type Sender, senderOf } from './send.ts';
import { consumerOf, shown, type Target } from './target.ts';

/** Spans, since this process started; `skipped` and `queued` come from the spool. */
export interface ForwardStatus {
  readonly name: string;
  /** Taken by the target. */
  readonly stored: number;
  /** Left out by the target's filter. */
  readonly filtered: number;
  /** The target said it will never take them. */
  readonly rejected: number;
  /** Too far behind: missed. */
  readonly skipped: number;
  /** Older than the bound when the target could still not be reached: missed. */
  readonly expired: number;
  readonly queued: number;
  readonly retries: number;
  /** Why it is not getting on; undefined when it is. */
  readonly problem: string | undefined;
}

export interface Forwarder {
  status(): readonly ForwardStatus[];
  /** Gives each target `graceMs` for what is closed by now, then stops; what is not sent stays in the spool. */
  close(graceMs?: number): Promise<void>;
}

export interface ForwarderOptions {
  readonly spool: Spool;
  readonly targets: readonly Target[];
  readonly log: (line: string) => void;
  /** What a target did not take for so long it misses, in ms. @default never */
  readonly maxAgeMs?: number | undefined;
  /** Epoch ms. */
  readonly now?: () => number;
  /** @default over HTTP or gRPC, as the URL says */
  readonly sender?: (target: Target) => Sender;
  /** Waits; rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 to 1. */
  readonly random?: () => number;
}

const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** A target that says when to come again is waited for as long as it says, but for this. */
const longestAskedMs = 3_600_000;
/** Less than this is not asked of a target at a time, whatever it says. */
const leastBytes = 64 * 1024;

/** What the spool has to know of the targets before it is opened. @throws Error when two have one name. */
export function consumersOf(targets: readonly Target[], lagBytes: number): readonly Consumer[] {
  const names = targets.map((target) => target.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new Error(`two forward targets are called ${JSON.stringify(twice)}: give one of them another name`);
  return targets.map((target) => ({ name: consumerOf(target), lagBytes }));
}

export function startForwarder(options: ForwarderOptions): Forwarder {
  const lanes = options.targets.map((target) => new Lane(target, options));
  options.spool.onClosed(() => {
    for (const lane of lanes) lane.wake();
  });
  return {
    status: () => lanes.map((lane) => lane.status()),
    async close(graceMs = 2_000) {
      await Promise.all(lanes.map((lane) => lane.close(graceMs)));
    },
  };
}

interface Sent {
  readonly rejected: number;
}

class Lane {
  readonly #target: Target;
  readonly #options: ForwarderOptions;
  readonly #consumer: string;
  readonly #sender: Sender;
  readonly #batches: Omit<BatchOptions, 'maxBytes'>;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #isClosing = false;
  #wake: (() => void) | undefined;
  #stored = 0;
  #filtered = 0;
  #rejected = 0;
  #expired = 0;
  #retries = 0;
  #problem: string | undefined;
  /** What it refused last, which is said once. */
  #refusal: string | undefined;
  /** Of a request; less once it has said that one was too large. */
  #maxBytes = 2 * 1024 * 1024; // below the 4 MiB that gRPC servers take by default

  constructor(target: Target, options: ForwarderOptions) {
    this.#target = target;
    this.#options = options;
    this.#consumer = consumerOf(target);
    this.#sender = (options.sender ?? senderOf)(target);
    this.#batches = {
      maxSpans: 1_024,
      logs: target.logs,
      ...(target.only ? { only: target.only } : {}),
      ...(target.cut.length > 0 ? { cut: bytesMatcher(target.cut) } : {}),
    };
    this.#running = this.#run();
  }

  wake(): void {
    this.#wake?.();
  }

  status(): ForwardStatus {
    const { spans: queued, skipped } = this.#options.spool.lag(this.#consumer);
    return {
      name: this.#target.name,
      stored: this.#stored,
      filtered: this.#filtered,
      rejected: this.#rejected,
      skipped,
      expired: this.#expired,
      queued,
      retries: this.#retries,
      problem: this.#problem,
    };
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.wake();
    const patience = setTimeout(() => this.#stop.abort(), graceMs);
    await this.#running;
    clearTimeout(patience);
    this.#sender.close();
  }

  async #run(): Promise<void> {
    const { spool } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const next = spool.pending(this.#consumer)[0];
      if (next)
        await this.#segment(next).then(
          () => {
            failures = 0;
          },
          (problem: Error) =>
            this.#later(++failures, `segment ${next.number} cannot be read, or noted as sent: ${problem.message}`),
        );
      else if (this.#isClosing) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  async #segment(segment: Segment): Promise<void> {
    const { spool } = this.#options;
    const { number, spans } = segment;
    const became = { stored: 0, rejected: 0, filtered: 0, expired: 0 };
    let passed = 0;
    let isWhole = !this.#isTooOld(segment);
    if (isWhole)
      try {
        for await (const batch of this.#batchesOf(segment)) {
          const sent = await this.#send(batch, segment);
          if (sent === undefined) {
            isWhole = false;
            break;
          }
          passed += batch.spans;
          became.stored += batch.spans - sent.rejected;
          became.rejected += sent.rejected;
        }
      } catch (problem) {
        // Left behind while it was about to be read: the spool has moved the cursor on.
        if (spool.pending(this.#consumer)[0]?.number !== number) return;
        throw problem;
      }
    if (!isWhole && !this.#isTooOld(segment)) return; // stopped: what is sent already is sent again
    became[isWhole ? 'filtered' : 'expired'] = spans - passed;
    // Left behind meanwhile: the spool has counted all of it as missed.
    if (!(await spool.consumed(this.#consumer, number))) return;
    this.#stored += became.stored;
    this.#rejected += became.rejected;
    this.#filtered += became.filtered;
    this.#expired += became.expired;
    this.#recovered();
    if (became.expired > 0)
      this.#options.log(
        `${this.#name} misses ${became.expired} spans: it has not taken them since ${new Date(segment.at).toISOString()}`,
      );
  }

  #isTooOld({ at }: Segment): boolean {
    const { maxAgeMs = Number.POSITIVE_INFINITY, now = Date.now } = this.#options;
    return now() - at > maxAgeMs;
  }

  /** Undefined when it was stopped, or what is sent got too old, before the target had it. */
  async #send(batch: Batch, segment: Segment): Promise<Sent | undefined> {
    const { body, signal, spans } = batch;
    for (let tries = 1; !this.#stop.signal.aborted && !this.#isTooOld(segment); tries++) {
      const answer = await this.#sender.send(body, signal, this.#stop.signal);
      if (answer.kind === 'taken') {
        this.#recovered();
        const rejected = Math.min(answer.rejected, spans);
        if (rejected > 0) this.#refused(`some spans: ${answer.because ?? ''}`);
        return { rejected };
      }
      if (answer.kind === 'too large' && spans > 1) return this.#sendHalves(batch, segment);
      if (answer.kind !== 'retry') {
        this.#refused(`spans for good: ${answer.because}`);
        return { rejected: spans };
      }
      await this.#later(tries, answer.because, answer.afterMs);
    }
    return undefined;
  }

  async #sendHalves(batch: Batch, segment: Segment): Promise<Sent | undefined> {
    this.#maxBytes = Math.min(this.#maxBytes, Math.max(leastBytes, Math.floor(batch.body.length / 2)));
    let rejected = 0;
    for (const half of batch.halves()) {
      const sent = await this.#send(half, segment);
      if (sent === undefined) return undefined;
      rejected += sent.rejected;
    }
    return { rejected };
  }

  async *#batchesOf({ path }: Segment): AsyncGenerator<Batch> {
    for await (const piece of piecesOf(path, this.#maxBytes))
      yield* batchesOf(piece, { ...this.#batches, maxBytes: this.#maxBytes });
  }

  /** Says it once for all that is refused for the same reason. */
  #refused(what: string): void {
    if (this.#refusal !== what) this.#options.log(`${this.#name} refuses ${what}`);
    this.#refusal = what;
  }

  async #later(tries: number, because: string, afterMs?: number): Promise<void> {
    this.#retries++;
    if (this.#problem === undefined) this.#options.log(`${this.#name} gets nothing for now: ${because}`);
    this.#problem = because;
    const { wait = sleepUntil, random = Math.random } = this.#options;
    const backoff = Math.min(longestDelayMs, firstDelayMs * 2 ** (tries - 1));
    const ms = Math.max(Math.min(afterMs ?? 0, longestAskedMs), backoff * (0.5 + random() / 2));
    await wait(ms, this.#stop.signal).catch(() => {});
  }

  #recovered(): void {
    if (this.#problem !== undefined) this.#options.log(`${this.#name} takes spans again`);
    this.#problem = undefined;
  }

  get #name(): string {
    return `forward target ${this.#target.name} (${shown(this.#target.url)})`;
  }
}

const sleepUntil = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal });
