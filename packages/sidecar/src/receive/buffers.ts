/** Buffers that are used again: a fresh one costs more in page faults than the copy into it. */
export class Buffers {
  /** By the power of two that is their size. */
  readonly #free: Buffer[][] = Array.from({ length: 32 }, () => []);
  readonly #keepBytes: number;
  #keptBytes = 0;

  /** @param keepBytes how much is kept at most; the rest is left to the collector. */
  constructor(keepBytes = 32 * 1024 * 1024) {
    this.#keepBytes = keepBytes;
  }

  /** A buffer of at least that many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const power = Math.max(14, Math.ceil(Math.log2(bytes)));
    const free = this.#free[power]?.pop();
    if (free === undefined) return Buffer.allocUnsafeSlow(2 ** power);
    this.#keptBytes -= free.length;
    return free;
  }

  give(buffer: Buffer): void {
    const free = this.#free[Math.log2(buffer.length)];
    if (free === undefined || this.#keptBytes + buffer.length > this.#keepBytes) return;
    this.#keptBytes += buffer.length;
    free.push(buffer);
  }
}
