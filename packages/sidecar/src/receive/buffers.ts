/** Buffers that are used again: a fresh one costs more in page faults than the copy into it. */
export class Buffers {
  readonly #free: Buffer[] = [];
  readonly #keep: number;
  readonly #maxBytes: number;

  /** @param keep how many are kept at most, each of at most `maxBytes`; the rest is left to the collector. */
  constructor(keep = 16, maxBytes = 8 * 1024 * 1024) {
    this.#keep = keep;
    this.#maxBytes = maxBytes;
  }

  /** A buffer of at least that many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const fitting = this.#free.findIndex((buffer) => buffer.length >= bytes);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0] as Buffer;
    return Buffer.allocUnsafeSlow(Math.max(64 * 1024, 2 ** Math.ceil(Math.log2(Math.max(bytes, 1)))));
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#keep && buffer.length <= this.#maxBytes) this.#free.push(buffer);
  }
}
