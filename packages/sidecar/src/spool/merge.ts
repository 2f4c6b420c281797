/**
 * Small segments that are loaded are put together: with little traffic one is closed every second, and they are kept for
 * days. Records stay as they are, so a segment of several is their bytes one behind the other.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './files.ts';
import type { Segment } from './spool.ts';

/** One that was put together is no larger; its readers hold it whole. */
const mergedBytes = 16 * 1024 * 1024;

/** How far a consumer is: what it has consumed, and the segment that it may be reading now. */
export interface Position {
  readonly consumed: number;
  readonly reading: number | undefined;
}

/** @returns the first neighbours, at least `least` of them, that may become one segment. */
export function mergeable(
  segments: readonly Segment[],
  positions: readonly Position[],
  least: number,
): readonly Segment[] | undefined {
  let run: Segment[] = [];
  let bytes = 0;
  for (const segment of segments) {
    const fits = bytes + segment.bytes <= mergedBytes && areAlike([...run.slice(-1), segment], positions);
    if (!fits) {
      if (run.length >= least) return run;
      run = [];
      bytes = 0;
    }
    if (segment.bytes > mergedBytes || !areAlike([segment], positions)) continue;
    run.push(segment);
    bytes += segment.bytes;
  }
  return run.length >= least ? run : undefined;
}

/** Has every consumer consumed all of them, or none and reads none: is it all the same to each that they are one? */
export function areAlike(run: readonly Segment[], positions: readonly Position[]): boolean {
  const first = run[0]?.number ?? 0;
  const last = run.at(-1)?.number ?? 0;
  return positions.every(
    ({ consumed, reading }) => last <= consumed || (first > consumed && (reading === undefined || first > reading)),
  );
}

export interface Merged {
  readonly segment: Segment;
  /** Gives it the name of the last of them. */
  place(): Promise<void>;
  /** Removes the others. Cut short before, records are there twice, of which only a forward target is told. */
  clear(): Promise<void>;
  discard(): Promise<void>;
}

/** Writes the segment that the run becomes, which has the number of the last of them, under a name that nobody reads. */
export async function merged(run: readonly Segment[]): Promise<Merged> {
  const { number, path, at } = run.at(-1) as Segment;
  const unnamed = `${path}.new`;
  const file = await open(unnamed, 'w', 0o600);
  try {
    for (const each of run) await file.writeFile(await readFile(each.path));
    await file.utimes(new Date(at), new Date(at));
    await file.sync();
  } finally {
    await file.close();
  }
  const sum = (of: 'spans' | 'bytes'): number => run.reduce((total, each) => total + each[of], 0);
  return {
    segment: { number, path, at, spans: sum('spans'), bytes: sum('bytes') },
    place: () => rename(unnamed, path),
    async clear() {
      await syncDirectory(dirname(path));
      for (const each of run.slice(0, -1)) await rm(each.path, { force: true });
    },
    discard: () => rm(unnamed, { force: true }),
  };
}
