/**
 * The spans seen lately, so that a sender that saw no answer and sends again adds nothing. Bounded: two generations of
 * 64-bit hashes of trace and span id in open addressing; a full generation pushes the older one out.
 */
import { readFile } from 'node:fs/promises';
import { Keys } from './keys.ts';
import { identitiesOf } from './record.ts';
import type { Spool } from './spool.ts';

export interface Seen {
  /**
   * Adds the keys from index `from` on, all at once: the table is larger than the caches, and many look-ups take little
   * longer than one when none waits for another.
   * @returns the indexes of those that were there already, be it from before or from among these.
   */
  add(keys: Keys, from: number): readonly number[];
  /** Takes the first `count` keys back: their append failed, so the spans must be taken when they are sent again. */
  remove(keys: Keys, count: number): void;
}

/** The seen-set of everything the spool still has on disk. */
export async function openSeen(spool: Spool, capacity?: number): Promise<Seen> {
  const seen = createSeen(capacity);
  for (const segment of spool.segments) {
    const keys = new Keys();
    identitiesOf(await readFile(segment.path), (from, traceId, spanId) =>
      keys.push(new DataView(from.buffer, from.byteOffset, from.length), traceId, spanId),
    );
    seen.add(keys, 0);
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

  /** Index of the key, or of the empty slot where it belongs. */
  function find(table: Uint32Array, low: number, high: number): number {
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const index = slot * 2;
      const there = table[index] as number;
      if ((there === low && table[index + 1] === high) || (there === 0 && table[index + 1] === 0)) return index;
    }
  }

  return {
    add({ words, count: end }, from) {
      const again: number[] = [];
      for (let key = from; key < end; key++) {
        const low = words[2 * key] as number;
        const high = words[2 * key + 1] as number;
        let index = find(young, low, high);
        if (holds(young, index) || (hasOld && holds(old, find(old, low, high)))) {
          again.push(key);
          continue;
        }
        if (count >= capacity) {
          [old, young] = [young, old.fill(0)];
          count = 0;
          hasOld = true;
          index = find(young, low, high);
        }
        young[index] = low;
        young[index + 1] = high;
        count++;
      }
      return again;
    },
    remove({ words }, end) {
      for (let key = 0; key < end; key++)
        for (const table of [young, old]) {
          const index = find(table, words[2 * key] as number, words[2 * key + 1] as number);
          if (!holds(table, index)) continue;
          if (table === young) count--;
          close(table, index);
          break;
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
