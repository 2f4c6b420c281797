/** Opens the place where rows go, be it the engine on this machine or a server, and brings its tables up to date. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClickHouseError } from '@clickhouse/client';
import { type Engine, Misconfigured } from './engine/engine.ts';
import type { Layout } from './engine/layout.ts';
import { migrate, settle } from './engine/migrate.ts';
import { type Retention, retain } from './engine/retention.ts';
import { type Server, serverAt } from './engine/server.ts';
import { engineIn } from './engine/supervise.ts';
import { verdictOn } from './load/errors.ts';
import { type Insert, insertIntoChild, insertIntoServer } from './load/insert.ts';

export interface StoreOptions {
  /** The child's rows are in `engine/` of it. */
  readonly dataDirectory: string;
  /** @default the engine on this machine */
  readonly server?: Server | undefined;
  /** How tables are made on a server. */
  readonly layout?: Layout | undefined;
  /** @default nothing is dropped by age */
  readonly retention?: Retention | undefined;
  /** An engine on this machine that does not answer for so long is killed and started again, in ms. */
  readonly enginePatienceMs?: number | undefined;
  readonly log: (line: string) => void;
}

export interface Store {
  readonly engine: Engine;
  /** Rejects, as while the engine is away, as long as the store has a problem. */
  readonly insert: Insert;
  /** Why nothing is loaded yet: the engine has not been there, or its tables could not be made. */
  readonly problem: string | undefined;
  /** Stops trying, and ends the engine. */
  close(): Promise<void>;
}

/** Where a move keeps how far it is; while it is there, nothing else may write into the rows it carries. */
export const moveJournal = (dataDirectory: string): string => join(dataDirectory, 'move.json');

/** Is there while a backup is put back, and stays when that was cut short. */
export const restoreMark = (dataDirectory: string): string => join(dataDirectory, 'restoring');

/** So long a start waits to see what becomes of its first try; a large store takes longer to be read. */
const firstTryMs = 30_000;
const delays = { first: 100, most: 5_000 };

/**
 * Resolves once rows can be loaded; or, if the engine or server is away, at once: then it is tried again until it comes.
 * @throws Misconfigured, when a person has to change something first: directory in use, chdb missing, wrong password,
 * server too old or fed by a Collector, tables that are not ours.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataDirectory, server, log } = options;
  if (server === undefined && existsSync(moveJournal(dataDirectory)))
    throw new Misconfigured(
      `the history in ${dataDirectory} is half moved to a server: finish with 'routescope move', then serve with --clickhouse`,
    );
  if (server === undefined && existsSync(restoreMark(dataDirectory)))
    throw new Misconfigured(
      `half of a backup is in ${dataDirectory}: put it back once more, with the same 'routescope restore'`,
    );
  if (server !== undefined && existsSync(join(dataDirectory, 'engine')))
    log(`the history in ${dataDirectory} stays there: carry it over with 'routescope move --to URL'`);
  const { engine, start } = server
    ? serverAt(server)
    : engineIn(join(dataDirectory, 'engine'), { log, hangMs: options.enginePatienceMs });
  const name = server ? `ClickHouse at ${server.shown}` : 'the engine';
  const stop = new AbortController();
  let problem: string | undefined = `${name} has not answered yet`;
  let insert: Insert | undefined;

  async function open(): Promise<void> {
    await start();
    insert = await prepare(engine, options);
    problem = undefined;
  }

  /** An engine that answers says what it does not like, and not who it is. */
  const why = (failure: unknown): string =>
    failure instanceof ClickHouseError
      ? `${name} refuses what ${server ? `user ${server.username}` : 'the sidecar'} has to do there: ${sentence(failure)}`
      : sentence(failure);

  /** Says each reason once, and nothing after the end. */
  async function keepTrying(first: Promise<void>): Promise<void> {
    let tried = first;
    for (let delayMs = delays.first; !stop.signal.aborted; delayMs = Math.min(delayMs * 2, delays.most)) {
      try {
        await tried;
        if (!stop.signal.aborted) log(`${name} is there: what was spooled meanwhile is loaded now`);
        return;
      } catch (failure) {
        const said = why(failure);
        if (said !== problem && !stop.signal.aborted)
          log(`${said}; spans are taken and kept in the spool, and loaded once this has passed`);
        problem = said;
      }
      await sleep(delayMs, undefined, { signal: stop.signal }).catch(() => {});
      if (!stop.signal.aborted) tried = open();
    }
  }

  async function close(): Promise<void> {
    stop.abort();
    await engine.close();
  }

  const first = open();
  try {
    const isSlow = await Promise.race([first, sleep(firstTryMs, true, { ref: false, signal: stop.signal })]);
    if (isSlow) void keepTrying(first);
  } catch (failure) {
    if (isLasting(failure)) {
      await close();
      throw failure instanceof Misconfigured ? failure : new Misconfigured(why(failure));
    }
    void keepTrying(first);
  }
  return {
    engine,
    insert: async (path, token) => {
      if (insert === undefined) throw new Error(problem);
      await insert(path, token);
    },
    get problem() {
      return problem;
    },
    close,
  };
}

/** Makes the tables what this version needs. */
async function prepare({ writer }: Engine, options: StoreOptions): Promise<Insert> {
  const { server, retention, log } = options;
  const layout = await settle(writer, options.layout ?? {});
  if (layout.traces !== undefined)
    throw new Misconfigured(
      `the database routescope at ${server?.shown} takes its spans from ${layout.traces}, which a Collector writes: send OTLP there, and ask with 'routescope report --clickhouse'`,
    );
  const ran = await migrate(writer, layout);
  if (ran.length > 0) log(`migrated the database: ${ran.join(', ')}`);
  // On a server the operator's own TTLs stay; 'routescope migrate' changes them when told to.
  if (retention !== undefined && (server === undefined || ran.length > 0)) {
    const changed = await retain(writer, retention, layout);
    const { traces, calls, rollups } = retention;
    const kept = (days: number | undefined): string => (days === undefined ? 'for ever' : `${days} days`);
    if (changed.length > 0)
      log(
        `spans are kept ${kept(traces)}, calls ${kept(calls)}, rollups ${kept(rollups)} (${changed.length} tables changed)`,
      );
  }
  return server ? insertIntoServer(writer) : insertIntoChild(writer);
}

/** Of the engine's answers those that a later try gets as well. */
const isLasting = (failure: unknown): boolean =>
  failure instanceof Misconfigured || ['held', 'refused'].includes(verdictOn(failure));

const sentence = (failure: unknown): string =>
  (failure instanceof Error ? failure.message : String(failure)).split('\n', 1)[0]?.slice(0, 500) ?? '';
