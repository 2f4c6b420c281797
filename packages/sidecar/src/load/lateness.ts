/**
 * Spans whose time is far off. Tables are cut into partitions by day: a clock set to 1970, or random times, would make
 * a partition each. A span is compared with the time it was received, never with the clock of the moment, so that the
 * same segment is always sorted the same way, also after a crash.
 */
import { open } from 'node:fs/promises';
import { fieldOf } from '../spool/record.ts';

/** Why a span is not loaded. */
export type Lateness = 'late' | 'future';

const day = 86_400;
/** A span may have begun so long after it was received: clocks of machines differ. */
const aheadSeconds = day;
/** Older spans are late, unless there are few such days in a segment: somebody's history is let in. */
const lateSeconds = 400 * day;
const lateDays = 10;
/** Days one insert may touch; a segment with more is cut by calendar. */
const daysPerInsert = 90;

/** Indexes of the records of a segment, by what is to be done with them. */
export interface Sorted {
  /** Each is one insert; the name is the same whenever the segment is sorted. */
  readonly inserts: readonly { readonly name: string; readonly records: readonly number[] }[];
  readonly diverted: ReadonlyMap<Lateness, readonly number[]>;
}

/** @returns undefined when the whole segment may be loaded as it is, as nearly always. */
export async function sortByTime(path: string): Promise<Sorted | undefined> {
  const days: number[] = [];
  const ages: number[] = [];
  await eachRecord(path, (bytes, start, end) => {
    const received = secondsOf(bytes, fieldOf(bytes, start, end, 4)?.start);
    const span = fieldOf(bytes, start, end, 3);
    const began = span && secondsOf(bytes, fieldOf(bytes, span.start, span.end, 7)?.start);
    // What has no time of its own is as old as its arrival.
    days.push(Math.floor((began ?? received ?? 0) / day));
    ages.push((received ?? 0) - (began ?? received ?? 0));
  });
  return sorted(days, ages);
}

/** @param days days since 1970; @param ages seconds between beginning and arrival. Both by record. */
export function sorted(days: readonly number[], ages: readonly number[]): Sorted | undefined {
  const old = new Set(days.filter((_, index) => (ages[index] as number) > lateSeconds));
  const latenessOf = (age: number): Lateness | undefined => {
    if (age < -aheadSeconds) return 'future';
    return age > lateSeconds && old.size > lateDays ? 'late' : undefined;
  };
  const diverted = new Map<Lateness, number[]>();
  const quarters = new Map<number, number[]>();
  const put = <Key>(groups: Map<Key, number[]>, key: Key, index: number): void => {
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  };
  const touched = new Set<number>();
  for (const [index, on] of days.entries()) {
    const lateness = latenessOf(ages[index] as number);
    if (lateness) put(diverted, lateness, index);
    else {
      touched.add(on);
      put(quarters, Math.floor(on / daysPerInsert), index);
    }
  }
  if (diverted.size === 0 && touched.size <= daysPerInsert) return undefined;
  return {
    inserts: [...quarters].map(([quarter, records]) => ({ name: `days-${quarter}`, records })),
    diverted,
  };
}

const pieceBytes = 1024 * 1024;

/** Calls `each` with the bounds of every record's content, holding little more than one record in memory. */
async function eachRecord(path: string, each: (bytes: Buffer, start: number, end: number) => void): Promise<void> {
  const file = await open(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(pieceBytes);
    let held = 0;
    for (;;) {
      if (held === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      const { bytesRead } = await file.read(buffer, held, buffer.length - held);
      if (bytesRead === 0) return;
      held += bytesRead;
      const read = wholeRecords(buffer.subarray(0, held), each);
      buffer.copyWithin(0, read, held);
      held -= read;
    }
  } finally {
    await file.close();
  }
}

/** @returns the offset behind the last whole record. */
function wholeRecords(bytes: Buffer, each: (bytes: Buffer, start: number, end: number) => void): number {
  for (let at = 0; ; ) {
    let start = at;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[start++];
      if (byte === undefined) return at;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (start + length > bytes.length) return at;
    each(bytes, start, start + length);
    at = start + length;
  }
}

/** The fixed64 of epoch nanoseconds at that offset, in seconds. */
function secondsOf(bytes: Buffer, at: number | undefined): number | undefined {
  if (at === undefined) return undefined;
  return (bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at)) / 1e9;
}
