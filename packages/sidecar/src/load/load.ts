/**
 * The loader: closed segments of the spool become rows. One segment is one insert, its token is the segment's
 * identity, so a crash between insert and cursor only repeats an insert that adds nothing. What the engine refuses for
 * good, and what it dies of each time, is found by halving and set aside; it never holds up the rest.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Item, recordsOf, scan } from '../spool/record.ts';
import type { Segment, Spool } from '../spool/spool.ts';
import { isOf, openCuts } from './cuts.ts';
import type { DeadLetter, DeadLetters } from './dead-letter.ts';
import { verdictOn, wentSilent } from './errors.ts';
import type { Insert } from './insert.ts';
import { isolate, type Run } from './isolate.ts';
import { type Sorted, sortByTime } from './lateness.ts';
import type { Holds } from './present.ts';

export interface LoadCounters {
  /** Spans whose insert was confirmed since this process started. */
  stored: number;
  /** Spans set aside as files: refused by the engine for good. */
  deadLettered: number;
  /** Spans set aside as files: their time is far from that of their arrival. */
  diverted: number;
  /** Spans given up because they were older than the bound when they could still not be loaded. */
  expired: number;
  segments: number;
  retries: number;
  /** Why nothing is loaded at the moment, if a person has to see to it. */
  held: string | undefined;
}

export interface Loader {
  readonly counters: Readonly<LoadCounters>;
  /** Resolves when everything spooled by now is in the tables (or set aside). */
  flush(): Promise<void>;
  /** Stops after the insert under way; what is not loaded stays in the spool. */
  close(): Promise<void>;
}

export interface LoaderOptions {
  readonly spool: Spool;
  readonly insert: Insert;
  readonly holds: Holds;
  readonly letters: DeadLetters;
  /** Where the portions of a segment that is cut stand while they are inserted; the engine must be able to read it. */
  readonly workDirectory: string;
  readonly log: (line: string) => void;
  /** Called when a segment is in the tables. */
  readonly loaded?: () => void;
  /** A segment that could not be loaded for so long is given up, in ms. @default never */
  readonly maxAgeMs?: number | undefined;
  /** Epoch ms. */
  readonly now?: () => number;
  /** How long to wait before trying again, in ms. Tests give a shorter one. */
  readonly delays?: { readonly first: number; readonly most: number };
}

export const consumer = 'load';

/** An unclassified error, or silence, is laid to the records after so many tries. */
const suspectAfter = 5;
/** Each run of records that the engine goes silent over costs it two lives; what is undecided then is set aside whole. */
const silentTries = 2;
const silentRuns = 32;
/** So many of the segments behind one are asked whether the engine takes anything at all. */
const others = 8;

/** What is to be inserted in one go: a whole segment or some of its records. */
interface Portion {
  readonly path: string;
  readonly token: string;
  readonly name: string;
}

export function startLoader(options: LoaderOptions): Loader {
  const {
    spool,
    insert,
    holds,
    letters,
    log,
    maxAgeMs,
    now = Date.now,
    delays = { first: 100, most: 5_000 },
  } = options;
  const counters: LoadCounters = {
    stored: 0,
    deadLettered: 0,
    diverted: 0,
    expired: 0,
    segments: 0,
    retries: 0,
    held: undefined,
  };
  const cuts = openCuts(join(options.workDirectory, 'cuts.json'));
  const stop = new AbortController();
  let wake = (): void => {};
  const flushed: (() => void)[] = [];
  spool.onClosed(() => wake());

  const running = (async () => {
    while (!stop.signal.aborted) {
      const [segment] = spool.pending(consumer);
      if (segment) await load(segment);
      else {
        for (const done of flushed.splice(0)) done();
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (stop.signal.aborted || spool.pending(consumer).length > 0 || flushed.length > 0) resolve();
        });
      }
    }
    for (const done of flushed.splice(0)) done();
  })();

  /** Tries until it works or the loader is stopped; whatever goes wrong, the segment stays in the spool. */
  async function load(segment: Segment): Promise<void> {
    let silences = 0;
    for (let tries = 1; !stop.signal.aborted; tries++) {
      try {
        if (maxAgeMs !== undefined && now() - segment.at > maxAgeMs) return await giveUp(segment);
        const done = await loadPortions(segment, silences >= suspectAfter);
        // Should this fail, the inserts are repeated under the same tokens, add nothing, and are counted once.
        await spool.consumed(consumer, segment.number);
        // It is over: tried once more, what is forgotten by now would go in whole.
        await cuts.forget().catch((problem: unknown) => log(`cuts.json is not removed yet: ${message(problem)}`));
        counters.stored += segment.spans - done.refused - done.diverted;
        counters.deadLettered += done.refused;
        counters.diverted += done.diverted;
        counters.segments++;
        options.loaded?.();
        counters.held = undefined;
        return;
      } catch (problem) {
        if (stop.signal.aborted) return;
        counters.retries++;
        if (wentSilent(problem)) silences++;
        if (verdictOn(problem) === 'held') counters.held = message(problem);
        if (tries === 1) log(`segment ${segment.number} is not loaded yet: ${message(problem)}`);
        await pause(delays.first * 2 ** (tries - 1));
      }
    }
  }

  async function giveUp({ number, spans, at }: Segment): Promise<void> {
    await spool.consumed(consumer, number);
    counters.expired += spans;
    log(`segment ${number} is given up: its ${spans} spans could not be loaded since ${new Date(at).toISOString()}`);
  }

  /** Of letters: their directory may be older than the spool, or hold another sidecar's too. */
  const nameOf = (segment: Segment): string => `${spool.id.slice(0, 8)}-${segment.number}`;

  const pause = (ms: number): Promise<void> =>
    sleep(Math.min(ms, delays.most), undefined, { signal: stop.signal }).catch(() => {});

  /** @param isSuspect the engine went silent over it again and again. */
  async function loadPortions(segment: Segment, isSuspect: boolean): Promise<{ refused: number; diverted: number }> {
    const identity = `${spool.id}/${segment.number}`;
    const byTime = await sortByTime(segment.path);
    if (!byTime) {
      const whole = { path: segment.path, token: identity, name: nameOf(segment) };
      return { refused: await insertPortion(whole, isSuspect), diverted: 0 };
    }
    const bytes = await readFile(segment.path);
    const items = itemsOf(bytes);
    const diverted = await divert(segment, byTime, bytes, items);
    let refused = 0;
    for (const { name, spans } of byTime.inserts)
      refused += await withFile(pick(bytes, items, spans), (path) =>
        insertPortion({ path, token: `${identity}/${name}`, name: `${nameOf(segment)}-${name}` }, isSuspect),
      );
    return { refused, diverted };
  }

  async function divert(segment: Segment, byTime: Sorted, bytes: Buffer, items: readonly Item[]): Promise<number> {
    let diverted = 0;
    for (const [reason, spans] of byTime.diverted) {
      const because =
        reason === 'future'
          ? 'began more than a day after it was received: look at the clock of the sender'
          : 'began more than 400 days before it was received, with others on many different days';
      const name = `${nameOf(segment)}-${reason}`;
      const letter = { spans: spans.length, reason, because, token: `${spool.id}/letter/${segment.number}-${reason}` };
      await setAside(name, pick(bytes, items, spans), letter);
      diverted += spans.length;
    }
    return diverted;
  }

  /** @returns spans that were refused and set aside. @throws what may pass. */
  async function insertPortion(portion: Portion, isSuspect: boolean): Promise<number> {
    const isResumed = cuts.hasAnyOf(portion.token);
    const because = cuts.reasonFor(portion.token) ?? (await (isSuspect ? probe : attempt)(portion.path, portion.token));
    if (because === undefined) return 0;
    const bytes = await readFile(portion.path);
    const items = itemsOf(bytes);
    const whole = { from: 0, to: items.length };
    const recordsOfRun = ({ from, to }: Run): Buffer => recordsOf(bytes, items.slice(from, to));
    const tokenOf = ({ from, to }: Run): string =>
      to - from === whole.to ? portion.token : `${portion.token}/${from}-${to}`;
    const insertRun = async (run: Run): Promise<unknown> =>
      cuts.reasonFor(tokenOf(run)) ??
      (await withFile(recordsOfRun(run), (path) => (isSuspect ? probe : attempt)(path, tokenOf(run))));
    const { taken, refused } = await isolate(whole, insertRun, because, {
      patience: isSuspect ? silentRuns : undefined,
      isApart: (why) => isResumed || wentSilent(why), // what was tried before keeps its token
      async mayCut(run, why) {
        if (cuts.reasonFor(tokenOf(run))) return true;
        // What is in some tables without the engine's word is put into the others under its own token only.
        if (wentSilent(why) && (await isHeld(recordsOfRun(run)))) return false;
        await cuts.note(tokenOf(run), why);
        return true;
      },
    });
    // With nothing of it taken, silence or an unknown error speaks against the engine as much as against the records.
    const isDoubtful = (why: unknown): boolean => wentSilent(why) || verdictOn(why) === 'unknown';
    const doubt = refused.find((run) => isDoubtful(run.because));
    if (taken === 0 && doubt && !(await takesAnother())) {
      if (!isResumed && !refused.some((run) => wentSilent(run.because))) await cuts.forget(portion.token);
      throw doubt.because;
    }
    let spans = 0;
    const written = new Set<string>();
    for (const { from, to, because: why } of refused) {
      // It may have passed while the others went in.
      if (isDoubtful(why) && (await insertRun({ from, to })) === undefined) continue;
      const letter = wentSilent(why)
        ? { reason: 'fatal' as const, because: `the engine went silent each time it was given them: ${message(why)}` }
        : { reason: 'refused' as const, because: message(why) };
      const name = `${portion.name}-${from}`;
      written.add(name);
      await setAside(name, recordsOfRun({ from, to }), { ...letter, spans: to - from, token: tokenOf({ from, to }) });
      spans += to - from;
    }
    // Letters of an earlier try, which was not brought to its end.
    for (const { name, letter } of isResumed ? await letters.list() : [])
      if (letter && isOf(portion.token, letter.token) && !written.has(name)) await letters.remove(name);
    return spans;
  }

  /** Asks until the engine, which has just died, is back. */
  async function isHeld(bytes: Buffer): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      try {
        return await holds(bytes);
      } catch (problem) {
        if (stop.signal.aborted || verdictOn(problem) !== 'again') throw problem;
        await pause(delays.first * 2 ** (tries - 1));
      }
    }
  }

  /** Whether the engine takes a segment behind the one that is loaded. At its own turn that one adds nothing. */
  async function takesAnother(): Promise<boolean> {
    await spool.rotate();
    for (const next of spool.pending(consumer).slice(1, 1 + others))
      if (!(await sortByTime(next.path)) && !(await probe(next.path, `${spool.id}/${next.number}`))) return true;
    return false;
  }

  /** As `attempt`, of what the engine may die of: waits until it is back, and takes silence for an answer in the end. */
  async function probe(path: string, token: string): Promise<unknown> {
    let silences = 0;
    for (let tries = 1; ; tries++) {
      try {
        await insert(path, token);
        return undefined;
      } catch (problem) {
        if (stop.signal.aborted) throw problem;
        const verdict = verdictOn(problem);
        if (wentSilent(problem) && ++silences >= silentTries) return problem;
        if (verdict === 'refused' || (verdict === 'unknown' && tries >= suspectAfter)) return problem;
        if (verdict === 'held') throw problem;
        counters.retries++;
        await pause(delays.first * 2 ** (tries - 1));
      }
    }
  }

  /** Undefined when it went in, the error when it is refused for good. @throws what may pass. */
  async function attempt(path: string, token: string): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        await insert(path, token);
        return undefined;
      } catch (problem) {
        const verdict = verdictOn(problem);
        if (verdict === 'refused' || (verdict === 'unknown' && tries >= suspectAfter)) return problem;
        if (verdict !== 'unknown' || stop.signal.aborted) throw problem;
        counters.retries++;
        await sleep(delays.first, undefined, { signal: stop.signal }).catch(() => {});
      }
    }
  }

  async function setAside(name: string, records: Uint8Array, letter: Omit<DeadLetter, 'at'>): Promise<void> {
    await letters.write(name, records, { ...letter, at: new Date().toISOString() });
    log(`${letter.spans} spans are set aside as dead letter ${name} (${letter.reason}): ${letter.because}`);
  }

  let files = 0;
  /**
   * Each portion is in a file of its own, gone when its insert is over: an engine that comes to it after we gave up finds
   * nothing, and never the records of another under this one's token.
   */
  async function withFile<T>(records: Uint8Array, insert: (path: string) => Promise<T>): Promise<T> {
    const path = join(options.workDirectory, `portion-${++files}.seg`);
    await mkdir(options.workDirectory, { recursive: true, mode: 0o700 });
    try {
      await writeFile(path, records, { mode: 0o600 });
      return await insert(path);
    } finally {
      await rm(path, { force: true }).catch(() => {}); // the next start writes over it
    }
  }

  return {
    counters,
    async flush() {
      await spool.rotate();
      if (stop.signal.aborted) return;
      await new Promise<void>((done) => {
        flushed.push(done);
        wake();
      });
    },
    async close() {
      stop.abort();
      wake();
      await running;
    },
  };
}

function itemsOf(bytes: Buffer): readonly Item[] {
  const all: Item[] = [];
  scan(bytes, ({ items }) => all.push(...items));
  return all;
}

const pick = (bytes: Buffer, items: readonly Item[], indexes: readonly number[]): Buffer =>
  recordsOf(
    bytes,
    indexes.map((index) => items[index] as Item),
  );

/** Of what an engine says only the beginning: it may go on with a stack or with values. */
const message = (problem: unknown): string =>
  (problem instanceof Error ? problem.message : String(problem)).split('\n', 1)[0]?.slice(0, 300) ?? '';
