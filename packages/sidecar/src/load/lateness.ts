/**
 * Spans whose time is far off. Tables are cut into partitions by day: a clock set to 1970, or random times, would make
 * a partition each. A span is compared with the time it was received, never with the clock of the moment, so that the
 * same segment is always sorted the same way, also after a crash.
 */
import { open, readFile } from 'node:fs/promises';
import { fieldOf, fixedBytes, lengthAt, scan, type Times, timesAt } from '../spool/record.ts';

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

/** Indexes of the spans of a segment, by what is to be done with them. */
export interface Sorted {
  /** Each is one insert; the name is the same whenever the segment is sorted. */
  readonly inserts: readonly { readonly name: string; readonly spans: readonly number[] }[];
  readonly diverted: ReadonlyMap<Lateness, readonly number[]>;
}

/** @returns undefined when the whole segment may be loaded as it is, as nearly always. */
export async function sortByTime(path: string): Promise<Sorted | undefined> {
  if (await isTimely(path)) return undefined;
  const bytes = await readFile(path);
  const days: number[] = [];
  const ages: number[] = [];
  scan(bytes, ({ times, items }) => {
    const received = Number(times.received) / 1e9;
    for (const { start, end, isLog } of items) {
      // What has no time of its own is as old as its arrival.
      const field = isLog ? undefined : fieldOf(bytes, start, end, 7);
      const began = field === undefined ? received : Number(bytes.readBigUInt64LE(field.start)) / 1e9;
      days.push(Math.floor(began / day));
      ages.push(received - began);
    }
  });
  return sorted(days, ages);
}

/** @param days days since 1970; @param ages seconds between beginning and arrival. Both by span. */
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
    inserts: [...quarters].map(([quarter, spans]) => ({ name: `days-${quarter}`, spans })),
    diverted,
  };
}

/** Seconds in the unit of a record's earliest and latest start. */
const unitSeconds = 2 ** 32 / 1e9;

/** Do the heads of the records say already that no span is late or early, and that all are of a few days? */
async function isTimely(path: string): Promise<boolean> {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  let isTimely = true;
  await eachHead(path, ({ received, earliest, latest }) => {
    if (earliest > latest) return;
    const arrived = Number(received) / 1e9;
    const from = earliest * unitSeconds;
    const to = (latest + 1) * unitSeconds;
    first = Math.min(first, from);
    last = Math.max(last, to);
    isTimely &&= to - arrived < aheadSeconds && arrived - from < lateSeconds;
  });
  return isTimely && last - first < (daysPerInsert - 1) * day;
}

const readBytes = 64 * 1024;

/** Calls `each` with the times of every record, and reads little of the large ones. */
async function eachHead(path: string, each: (times: Times) => void): Promise<void> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(readBytes);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, readBytes, at);
      const read = buffer.subarray(0, bytesRead);
      let next = 0;
      for (let bounds = lengthAt(read, 0); bounds !== undefined; bounds = lengthAt(read, next)) {
        if (bounds.start + fixedBytes > bytesRead) break;
        each(timesAt(read, bounds.start));
        next = bounds.end;
      }
      if (next === 0) return;
      at += next;
    }
  } finally {
    await file.close();
  }
}
