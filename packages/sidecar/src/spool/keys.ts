/** What spans are known by: 64 bits of a hash of their trace id and span id. */

export class Keys {
  /** Two words a key; only those of the first `count` keys mean something. No key is two zeros. */
  words = new Uint32Array(16); // small ones are cheap: most requests of a span or two stay there
  count = 0;

  /** Adds the key of the span whose ids, of 16 and of 8 bytes, stand at these offsets. */
  push(bytes: DataView, traceId: number, spanId: number): void {
    let a = 0x9e3779b9;
    let b = 0x85ebca6b;
    for (let index = 0; index < 24; index += 4) {
      const word = bytes.getUint32(index < 16 ? traceId + index : spanId + index - 16, true);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b + word, 0x1b873593) ^ (a >>> 15);
      b = (b << 17) | (b >>> 15);
    }
    const low = Math.imul(a ^ (a >>> 16), 0x7feb352d);
    const high = Math.imul(b ^ (b >>> 15), 0x846ca68b);
    if (2 * this.count === this.words.length) {
      const larger = new Uint32Array(2 * this.words.length);
      larger.set(this.words);
      this.words = larger;
    }
    const at = 2 * this.count++;
    this.words[at] = low === 0 && high === 0 ? 1 : low;
    this.words[at + 1] = high;
  }

  /** Takes keys out: `indexes` in rising order. */
  remove(indexes: readonly number[]): void {
    let to = indexes[0] ?? this.count;
    let next = 0;
    for (let index = to; index < this.count; index++) {
      if (index === indexes[next]) next++;
      else this.words.copyWithin(2 * to++, 2 * index, 2 * index + 2);
    }
    this.count = to;
  }
}
