/** Writes OTLP's protobuf: a request of spans, field after field into one buffer. Text is ASCII, as all of ours is. */

/** A buffer that grows, and a place in it. */
export class Bytes {
  #buffer = Buffer.allocUnsafe(256);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  /** What was written, valid until the next write. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  clear(): void {
    this.#at = 0;
  }

  bytes(field: number, content: Uint8Array): void {
    this.#room(content.length + 10);
    this.#varint((field << 3) | 2);
    this.#varint(content.length);
    this.#buffer.set(content, this.#at);
    this.#at += content.length;
  }

  text(field: number, content: string): void {
    this.#room(content.length + 10);
    this.#varint((field << 3) | 2);
    this.#varint(content.length);
    this.#at += this.#buffer.write(content, this.#at, 'latin1');
  }

  hex(field: number, digits: string): void {
    this.#room(digits.length);
    this.#varint((field << 3) | 2);
    this.#varint(digits.length / 2);
    this.#at += this.#buffer.write(digits, this.#at, 'hex');
  }

  /** A whole number from 0 that a double holds exactly. */
  whole(field: number, value: number): void {
    this.#room(16);
    this.#varint(field << 3);
    this.#varint(value);
  }

  double(field: number, value: number): void {
    this.#room(16);
    this.#varint((field << 3) | 1);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** Epoch milliseconds as nanoseconds, whole to the microsecond. */
  time(field: number, ms: number): void {
    this.#room(16);
    this.#varint((field << 3) | 1);
    this.#at = this.#buffer.writeBigUInt64LE(BigInt(Math.round(ms * 1_000)) * 1_000n, this.#at);
  }

  /** A KeyValue as field `field`. */
  attribute(field: number, key: string, value: string | number | boolean | readonly string[]): void {
    const scratch = attributeScratch;
    scratch.clear();
    if (typeof value === 'string') scratch.text(1, value);
    else if (typeof value === 'boolean') scratch.whole(2, Number(value));
    else if (typeof value === 'object') {
      const items = new Bytes();
      for (const item of value) {
        const one = new Bytes();
        one.text(1, item);
        items.bytes(1, one.view());
      }
      scratch.bytes(5, items.view());
    } else if (Number.isInteger(value)) scratch.whole(3, value);
    else scratch.double(4, value);
    const content = scratch.view();
    const valueBytes = varintLength(content.length) + content.length;
    const bytes = 1 + varintLength(key.length) + key.length + 1 + valueBytes;
    this.#room(bytes + 10);
    this.#varint((field << 3) | 2);
    this.#varint(bytes);
    this.text(1, key);
    this.bytes(2, content);
  }

  #varint(value: number): void {
    let left = value;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#buffer[this.#at++] = (left % 0x80) | 0x80;
    this.#buffer[this.#at++] = left;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    larger.set(this.view());
    this.#buffer = larger;
  }
}

const varintLength = (value: number): number => (value < 0x80 ? 1 : value < 0x4000 ? 2 : 3);

const attributeScratch = new Bytes();
