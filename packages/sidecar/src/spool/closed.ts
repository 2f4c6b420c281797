/** The closed segments of a spool, oldest first, with sums that cost the same however many there are. */
import type { Segment } from './spool.ts';

interface Sum {
  readonly spans: number;
  readonly bytes: number;
}

export class Closed {
  readonly #segments: Segment[] = [];
  /** Of all segments that ever were here, up to and with the one at the same index. */
  readonly #sums: Sum[] = [];
  /** … up to the oldest that is left. */
  #gone: Sum = { spans: 0, bytes: 0 };

  constructor(segments: readonly Segment[]) {
    for (const segment of segments) this.push(segment);
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get oldest(): Segment | undefined {
    return this.#segments[0];
  }

  get newest(): Segment | undefined {
    return this.#segments.at(-1);
  }

  push(segment: Segment): void {
    const { spans, bytes } = this.#upTo(this.#segments.length);
    this.#segments.push(segment);
    this.#sums.push({ spans: spans + segment.spans, bytes: bytes + segment.bytes });
  }

  removeOldest(): void {
    this.#segments.shift();
    this.#gone = this.#sums.shift() ?? this.#gone;
  }

  /** Are these neighbours all here still? */
  has(run: readonly Segment[]): boolean {
    const from = this.#segments.indexOf(run[0] as Segment);
    return from >= 0 && this.#segments[from + run.length - 1] === run.at(-1);
  }

  /** Puts one segment in the place of the neighbours it was made of. */
  replace(run: readonly Segment[], by: Segment): void {
    const from = this.#segments.indexOf(run[0] as Segment);
    const sum = this.#sums[from + run.length - 1] as Sum;
    this.#segments.splice(from, run.length, by);
    this.#sums.splice(from, run.length, sum);
  }

  /** Segments of higher numbers. */
  after(number: number): Segment[] {
    return this.#segments.slice(this.#indexAfter(number));
  }

  countAfter(number: number): number {
    return this.#segments.length - this.#indexAfter(number);
  }

  firstAfter(number: number): Segment | undefined {
    return this.#segments[this.#indexAfter(number)];
  }

  sumAfter(number: number): Sum {
    const all = this.#upTo(this.#segments.length);
    const before = this.#upTo(this.#indexAfter(number));
    return { spans: all.spans - before.spans, bytes: all.bytes - before.bytes };
  }

  bytesUpTo(number: number): number {
    return this.#upTo(this.#indexAfter(number)).bytes - this.#gone.bytes;
  }

  /** Of the segments before that index. */
  #upTo(index: number): Sum {
    return this.#sums[index - 1] ?? this.#gone;
  }

  #indexAfter(number: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#segments[middle] as Segment).number > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
