/**
 * The spool: an append-only log of segments on disk, with one cursor per consumer.
 *
 * - `append` resolves when the bytes are on disk. Everybody who waits shares one write and one fsync.
 * - A segment is closed by size, by spans, by age when a consumer has nothing else to do, or by `rotate()`; only closed
 *   segments are handed to consumers. So a busy or absent consumer gets few, large ones.
 * - Consumed segments stay for a while: from them the set of seen spans is rebuilt at the next start. Small ones are put
 *   together (merge.ts).
 * - After a crash the end of the last segment may be torn; it is cut back to the last whole record at open (recover.ts).
 *
 * In the directory: `id` (this spool's name for ever), `lock.1` (the process that has it), `00000000000000000001.seg` …,
 * `<consumer>.cursor` (number of the last segment consumed).
 */
import { rmSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Closed } from './closed.ts';
import { identity, lock, makeDirectory, readCursor, syncDirectory, writeCursor } from './files.ts';
import { areAlike, mergeable, merged, type Position } from './merge.ts';
import { extension, recover } from './recover.ts';

export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly spans: number;
  readonly bytes: number;
  /** When it was last written to, epoch ms. */
  readonly at: number;
}

export interface Spool {
  /** Random, made once per directory; with a segment's number it names the segment everywhere. */
  readonly id: string;
  /**
   * Resolves when `records` (pieces that are whole records when put one behind the other) are on disk.
   * @throws SpoolFull when consumers are too far behind, or the disk's error. Either may be tried again later.
   */
  append(records: readonly Uint8Array[], spans: number): Promise<void>;
  /** Closes the active segment, if it holds anything, so that consumers get it. */
  rotate(): Promise<void>;
  /** Closed segments the consumer has not consumed, oldest first. It reads none but the first. */
  pending(consumer: string): readonly Segment[];
  /** Resolves to false when the consumer had been left behind it meanwhile. @throws the disk's error; it may be tried again. */
  consumed(consumer: string, segment: number): Promise<boolean>;
  /** Calls `listener` whenever a segment has been closed. */
  onClosed(listener: () => void): void;
  /** Every segment on disk, oldest first, the active one last. */
  readonly segments: readonly Segment[];
  /** What the consumer has still to consume, and the spans it missed because it was too far behind. */
  lag(consumer: string): { readonly spans: number; readonly bytes: number; readonly skipped: number };
  /** Bytes that were no part of a whole record when it was opened. */
  readonly tornBytes: number;
  close(): Promise<void>;
}

/** The spool holds as much unconsumed as it may. Retryable. */
export class SpoolFull extends Error {
  override readonly name = 'SpoolFull';
}

/** What the spool does to files; tests put failures in. */
interface Disk {
  open(path: string): Promise<FileHandle>;
}

export interface Consumer {
  /** Names its cursor: letters, digits, dashes. */
  readonly name: string;
  /**
   * Bytes it may be behind. Beyond them it misses its oldest segments, which is counted and said. Left out, nothing is
   * missed: `append` refuses instead, at `maxBytes`. One with a bound begins with what comes after it was first named.
   */
  readonly lagBytes?: number;
}

export interface SpoolOptions {
  readonly consumers: readonly Consumer[];
  /** A segment is closed at this size. @default 64 MiB */
  readonly segmentBytes?: number;
  /** … or at so many spans. @default 100,000 */
  readonly segmentSpans?: number;
  /**
   * … or so long after its first span, in ms, once some consumer has consumed all closed ones; up to ten times as long the
   * more of them wait for one that may miss nothing, lest it find very many small ones. @default never
   */
  readonly lingerMs?: number;
  /** Unconsumed bytes (of consumers that may miss nothing) beyond which `append` refuses. @default 4 GiB */
  readonly maxBytes?: number;
  /** Consumed segments are kept up to this many bytes, for the set of seen spans. @default 256 MiB */
  readonly keepBytes?: number;
  /** … and this long, in ms. @default 7 days */
  readonly keepMs?: number;
  /** Small ones that are loaded are put together once there are so many. @default 256 */
  readonly mergeSegments?: number;
  readonly log?: (line: string) => void;
  readonly disk?: Disk;
  /** Epoch ms. */
  readonly now?: () => number;
}

/** So many closed segments that wait make the next one linger once more as long. */
const crowd = 60;
const mostLingers = 10;
const MiB = 1024 * 1024;
const hourMs = 3_600_000;
const fileName = (number: number): string => `${String(number).padStart(20, '0')}${extension}`;

interface Waiting {
  readonly records: readonly Uint8Array[];
  readonly spans: number;
  readonly resolve: () => void;
  readonly reject: (problem: unknown) => void;
}

interface Active {
  readonly number: number;
  readonly path: string;
  readonly file: FileHandle;
  spans: number;
  bytes: number;
  at: number;
}

/** @throws Error when another process has the directory, or the disk's. */
export async function openSpool(directory: string, options: SpoolOptions): Promise<Spool> {
  await makeDirectory(directory);
  const lockPath = lock(directory);
  try {
    return await openLocked(directory, lockPath, options);
  } catch (problem) {
    rmSync(lockPath, { force: true });
    throw problem;
  }
}

async function openLocked(directory: string, lockPath: string, options: SpoolOptions): Promise<Spool> {
  const { consumers, segmentBytes = 64 * MiB, segmentSpans = 100_000, lingerMs, log = () => {} } = options;
  const { maxBytes = 4096 * MiB, keepBytes = 256 * MiB, keepMs = 7 * 24 * hourMs, now = Date.now } = options;
  const { mergeSegments = 256 } = options;
  const disk: Disk = options.disk ?? { open: (path) => open(path, 'a', 0o600) };
  const id = await identity(directory);
  const cursors = new Map<string, number>();

  const { segments, tornBytes } = await recover(directory, log);
  const closed = new Closed(segments);
  for (const { name, lagBytes } of consumers) {
    let cursor = await readCursor(directory, name);
    if (cursor === undefined) {
      cursor = lagBytes === undefined ? 0 : (closed.newest?.number ?? 0);
      await writeCursor(directory, name, cursor);
    }
    cursors.set(name, cursor);
  }
  // A cursor may be ahead of every segment left: numbers are never used twice.
  let next = Math.max(0, closed.newest?.number ?? 0, ...cursors.values()) + 1;
  let active: Active | undefined;
  /** After a failed write nobody knows what is behind its last good byte. There is none active while there is one. */
  let broken: Active | undefined;
  let waiting: Waiting[] = [];
  /** Rounds, rotations and cursor moves happen one after the other. */
  let turn: Promise<unknown> = Promise.resolve();
  let roundPlanned = false;
  let ended = false;
  let lingering: NodeJS.Timeout | undefined;
  let isDue = false;
  const skipped = new Map<string, number>();
  const listeners: (() => void)[] = [];

  const inTurn = <T>(step: () => Promise<T>): Promise<T> => {
    const done = turn.then(step);
    turn = done.catch(() => {});
    return done;
  };
  /** What nobody waits for, and what is done already but for some tidying, may fail: it is said once until it works. */
  const failing = new Set<string>();
  const tidily = async (what: string, step: () => Promise<unknown>): Promise<void> => {
    try {
      await step();
      failing.delete(what);
    } catch (problem) {
      if (!failing.has(what)) log(`the spool cannot ${what}: ${(problem as Error).message}`);
      failing.add(what);
    }
  };
  const cursorOf = (consumer: string): number => cursors.get(consumer) ?? 0;
  const patient = consumers.filter(({ lagBytes }) => lagBytes === undefined);
  const slowest = (): number => Math.min(...cursors.values());
  const loaded = (): number => Math.min(...patient.map(({ name }) => cursorOf(name)));
  const lingers = (): number => Math.min(mostLingers, 1 + Math.floor(closed.countAfter(loaded()) / crowd));
  const behind = (consumer: string): { spans: number; bytes: number } => {
    const { spans, bytes } = closed.sumAfter(cursorOf(consumer));
    const open = active ?? broken;
    return { spans: spans + (open?.spans ?? 0), bytes: bytes + (open?.bytes ?? 0) };
  };
  const isIdle = (consumer: string): boolean => closed.firstAfter(cursorOf(consumer)) === undefined;
  const isFull = (): boolean => patient.some(({ name }) => behind(name).bytes > maxBytes);

  async function round(): Promise<void> {
    const batch = waiting;
    waiting = [];
    roundPlanned = false;
    if (batch.length === 0) return;
    const pieces = batch.flatMap(({ records }) => records);
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    try {
      // Nothing to write: the caller only wants what was written before to be on disk, and it is, rounds being in turn.
      if (bytes > 0) {
        await mend();
        active ??= await begin();
        const { bytesWritten } = await active.file.writev(pieces);
        if (bytesWritten !== bytes) throw new Error(`the disk took ${bytesWritten} of ${bytes} bytes`);
        await active.file.datasync();
        active.bytes += bytes;
        active.at = now();
        for (const each of batch) active.spans += each.spans;
      }
    } catch (problem) {
      broken ??= active;
      active = undefined;
      // Those who came meanwhile may only be repeating what has just failed; they are told the same.
      for (const each of [...batch, ...waiting.splice(0)]) each.reject(problem);
      await mend().catch(() => {}); // before anything else is taken
      return;
    }
    for (const each of batch) each.resolve();
    if (!active || active.spans === 0) return;
    if (active.bytes >= segmentBytes || active.spans >= segmentSpans) return finish();
    if (lingerMs !== undefined && !isDue) lingering ??= setTimeout(() => void inTurn(due), lingerMs * lingers());
  }

  async function due(): Promise<void> {
    lingering = undefined;
    isDue = active !== undefined;
    await finishIfWanted();
  }

  /** An old segment is closed when somebody waits for it. */
  async function finishIfWanted(): Promise<void> {
    if (isDue && consumers.some(({ name }) => isIdle(name))) await finish();
  }

  async function begin(): Promise<Active> {
    const number = next++;
    const path = join(directory, fileName(number));
    const file = await disk.open(path);
    try {
      await syncDirectory(directory);
    } catch (problem) {
      await file.close().catch(() => {});
      await rm(path, { force: true }).catch(() => {});
      throw problem;
    }
    return { number, path, file, spans: 0, bytes: 0, at: now() };
  }

  async function finish(): Promise<void> {
    if (!active || active.spans === 0) return;
    clearTimeout(lingering);
    lingering = undefined;
    isDue = false;
    const { number, path, spans, bytes, at, file } = active;
    active = undefined;
    closed.push({ number, path, spans, bytes, at });
    await tidily('close a segment', () => file.close());
    for (const consumer of consumers) await leaveBehind(consumer);
    for (const listener of listeners) listener();
  }

  /** A consumer that is too far behind misses its oldest segments; the others are not held up by it. */
  async function leaveBehind({ name, lagBytes }: Consumer): Promise<void> {
    if (lagBytes === undefined) return;
    let missed = 0;
    while (behind(name).bytes > lagBytes) {
      const oldest = closed.firstAfter(cursorOf(name));
      if (!oldest) break;
      missed += oldest.spans;
      cursors.set(name, oldest.number);
    }
    if (missed === 0) return;
    skipped.set(name, (skipped.get(name) ?? 0) + missed);
    log(`${name} is more than ${lagBytes} bytes behind: it misses the oldest ${missed} spans`);
    await tidily('note how far a forward target is', () => writeCursor(directory, name, cursorOf(name)));
    await forget();
  }

  /**
   * Cuts off what was refused, and goes on in a new segment. Left in place it would be loaded, or taken for something seen,
   * and then be doubled or missed when it is sent again. @throws the disk's error; nothing is taken until it has passed.
   */
  async function mend(): Promise<void> {
    if (!broken) return;
    const { number, path, spans, bytes, at, file } = broken;
    await file.truncate(bytes);
    await file.datasync();
    broken = undefined;
    await file.close().catch(() => {});
    if (spans === 0) return void (await rm(path, { force: true }).catch(() => {}));
    closed.push({ number, path, spans, bytes, at });
    for (const listener of listeners) listener();
  }

  const forget = (): Promise<void> =>
    tidily('remove a segment', async () => {
      for (;;) {
        const { oldest } = closed;
        if (!oldest || oldest.number > slowest()) return;
        if (closed.bytesUpTo(slowest()) <= keepBytes && now() - oldest.at <= keepMs) return;
        await rm(oldest.path, { force: true });
        closed.removeOldest();
      }
    });

  const positions = (): Position[] =>
    consumers.map(({ name }) => ({ consumed: cursorOf(name), reading: closed.firstAfter(cursorOf(name))?.number }));
  let merging: Promise<void> | undefined;
  let mergeAt = mergeSegments;
  function mergeIfMany(): void {
    if (closed.all.length < mergeAt || merging || ended) return;
    merging = tidily('put segments together', merge).finally(() => {
      mergeAt = closed.all.length + mergeSegments;
      merging = undefined;
    });
  }

  /** Nobody waits for it: what takes long of it happens out of turn. */
  async function merge(): Promise<void> {
    for (let isPlaced = true; isPlaced && !ended; ) {
      const last = loaded();
      const all = closed.all.filter(({ number }) => number <= last);
      const run = mergeable(all, positions(), mergeSegments / 4);
      if (!run) return;
      const one = await merged(run).catch((problem: unknown) => {
        if (closed.has(run)) throw problem; // else some were too old meanwhile
      });
      isPlaced = await inTurn(async () => {
        if (!one || !closed.has(run) || !areAlike(run, positions())) return false;
        await one.place();
        closed.replace(run, one.segment);
        await one.clear();
        return true;
      });
      if (!isPlaced) await one?.discard();
    }
  }

  const ageing = setInterval(() => void inTurn(forget), hourMs);
  ageing.unref();

  return {
    id,
    append(records, spans) {
      if (ended) return Promise.reject(new SpoolFull('the spool is closed'));
      if (isFull()) return Promise.reject(new SpoolFull(`more than ${maxBytes} bytes wait to be loaded`));
      return new Promise((resolve, reject) => {
        waiting.push({ records, spans, resolve, reject });
        if (roundPlanned) return;
        roundPlanned = true;
        void inTurn(round);
      });
    },
    rotate: () => inTurn(finish),
    pending: (consumer) => closed.after(cursorOf(consumer)),
    onClosed: (listener) => void listeners.push(listener),
    consumed: (consumer, segment) =>
      inTurn(async () => {
        if (segment <= cursorOf(consumer)) return false;
        await writeCursor(directory, consumer, segment);
        cursors.set(consumer, segment);
        await forget();
        if (patient.some(({ name }) => name === consumer)) mergeIfMany();
        await finishIfWanted();
        return true;
      }),
    get segments() {
      return active ? [...closed.all, active] : [...closed.all];
    },
    lag: (consumer) => ({ ...behind(consumer), skipped: skipped.get(consumer) ?? 0 }),
    tornBytes,
    async close() {
      ended = true;
      clearInterval(ageing);
      await merging;
      await inTurn(round);
      await inTurn(async () => {
        await mend().catch(() => {}); // or it is loaded at the next start, and known when it is sent again
        await finish();
        await tidily('close a segment', async () => (active ?? broken)?.file.close());
      });
      await tidily('remove its lock', async () => rmSync(lockPath, { force: true }));
    },
  };
}
