/** Buffers that are used again: a fresh one costs more in page faults than the copy into it. */

/** 16 KiB to 512 MiB. */
const powers = Array.from({ length: 16 }, (_, index) => 14 + index);

export class Buffers {
  /** By the power of two that is their size. */
  readonly #free = new Map<number, Buffer[]>(powers.map((power) => [2 ** power, []]));
  readonly #keepBytes: number;
  #keptBytes = 0;

  /** @param keepBytes how much is kept at most; the rest is left to the collector. */
  constructor(keepBytes = 32 * 1024 * 1024) {
    this.#keepBytes = keepBytes;
  }

  /** A buffer of at least that many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const size = 2 ** Math.max(powers[0] as number, Math.ceil(Math.log2(bytes)));
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return Buffer.allocUnsafeSlow(size);
    this.#keptBytes -= free.length;
    return free;
  }

  /** A buffer that did not come from `take` may be given too, and is left to the collector. */
  give(buffer: Buffer): void {
    const free = this.#free.get(buffer.length);
    if (buffer.length !== buffer.buffer.byteLength) return; // a slice, which would hold what it was cut from
    if (free === undefined || this.#keptBytes + buffer.length > this.#keepBytes) return;
    this.#keptBytes += buffer.length;
    free.push(buffer);
  }
}
