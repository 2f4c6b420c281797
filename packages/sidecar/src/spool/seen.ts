/**
 * The spans seen lately, so that a sender that saw no answer and sends again adds nothing. Bounded: two generations of
 * 64-bit hashes of trace and span id in open addressing; a full generation pushes the older one out.
 */
import { readFile } from 'node:fs/promises';
import { identitiesOf } from './record.ts';
import type { Spool } from './spool.ts';

export interface Seen {
  /** Adds the span whose ids stand at these offsets. False when it was there already. */
  add(bytes: Uint8Array, traceId: number, spanId: number): boolean;
  /** Takes the span back: its append failed, so it must be taken when it is sent again. */
  remove(bytes: Uint8Array, traceId: number, spanId: number): void;
}

/** The seen-set of everything the spool still has on disk. */
export async function openSeen(spool: Spool, capacity?: number): Promise<Seen> {
  const seen = createSeen(capacity);
  for (const segment of spool.segments) {
    const bytes = await readFile(segment.path);
    identitiesOf(bytes, (from, traceId, spanId) => seen.add(from, traceId, spanId));
  }
  return seen;
}

/** @param capacity spans that are surely remembered; up to twice as many are. @default 1,000,000 (about 32 MiB) */
export function createSeen(capacity = 1_000_000): Seen {
  const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
  const mask = slots - 1;
  let young = new Uint32Array(slots * 2);
  let old = new Uint32Array(slots * 2);
  let count = 0;
  let hasOld = false;
  let low = 0;
  let high = 0;

  function hash(bytes: Uint8Array, traceId: number, spanId: number): void {
    let a = 0x9e3779b9;
    let b = 0x85ebca6b;
    for (let index = 0; index < 24; index += 4) {
      const from = index < 16 ? traceId + index : spanId + index - 16;
      const word =
        (bytes[from] as number) |
        ((bytes[from + 1] as number) << 8) |
        ((bytes[from + 2] as number) << 16) |
        ((bytes[from + 3] as number) << 24);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b + word, 0x1b873593) ^ (a >>> 15);
      b = (b << 17) | (b >>> 15);
    }
    low = Math.imul(a ^ (a >>> 16), 0x7feb352d) >>> 0;
    high = Math.imul(b ^ (b >>> 15), 0x846ca68b) >>> 0;
    if (low === 0 && high === 0) low = 1; // an empty slot is two zeros
  }

  /** Index of the hash, or of the empty slot where it belongs. */
  function find(table: Uint32Array): number {
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const index = slot * 2;
      const there = table[index] as number;
      if ((there === low && table[index + 1] === high) || (there === 0 && table[index + 1] === 0)) return index;
    }
  }

  return {
    add(bytes, traceId, spanId) {
      hash(bytes, traceId, spanId);
      if (hasOld && holds(old, find(old))) return false;
      let index = find(young);
      if (holds(young, index)) return false;
      if (count >= capacity) {
        [old, young] = [young, old.fill(0)];
        count = 0;
        hasOld = true;
        index = find(young);
      }
      young[index] = low;
      young[index + 1] = high;
      count++;
      return true;
    },
    remove(bytes, traceId, spanId) {
      hash(bytes, traceId, spanId);
      for (const table of [young, old]) {
        const index = find(table);
        if (!holds(table, index)) continue;
        if (table === young) count--;
        close(table, index);
        return;
      }
    },
  };

  function holds(table: Uint32Array, index: number): boolean {
    return table[index] !== 0 || table[index + 1] !== 0;
  }

  /** Empties a slot and moves up what was pushed past it, so that no look-up stops short. */
  function close(table: Uint32Array, index: number): void {
    let hole = index / 2;
    for (let slot = (hole + 1) & mask; holds(table, slot * 2); slot = (slot + 1) & mask) {
      const home = (table[slot * 2] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      table[hole * 2] = table[slot * 2] as number;
      table[hole * 2 + 1] = table[slot * 2 + 1] as number;
      hole = slot;
    }
    table[hole * 2] = 0;
    table[hole * 2 + 1] = 0;
  }
}
