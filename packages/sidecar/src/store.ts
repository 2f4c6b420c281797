/** Opens the place where rows go, be it the engine on this machine or a server, and brings its tables up to date. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine/engine.ts';
import type { Layout } from './engine/layout.ts';
import { migrate, settle } from './engine/migrate.ts';
import { type Retention, retain } from './engine/retention.ts';
import { openServer, type Server } from './engine/server.ts';
import { openEngine } from './engine/supervise.ts';
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
  readonly insert: Insert;
}

/** Where a move keeps how far it is; while it is there, nothing else may write into the rows it carries. */
export const moveJournal = (dataDirectory: string): string => join(dataDirectory, 'move.json');

/** @throws Error with a sentence: directory in use, chdb missing, server away or too old, fed by a Collector. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataDirectory, server, retention, log } = options;
  if (server === undefined && existsSync(moveJournal(dataDirectory)))
    throw new Error(
      `the history in ${dataDirectory} is half moved to a server: finish with 'routescope move', then serve with --clickhouse`,
    );
  if (server !== undefined && existsSync(join(dataDirectory, 'engine')))
    log(`the history in ${dataDirectory} stays there: carry it over with 'routescope move --to URL'`);
  const engine = server
    ? await openServer(server)
    : await openEngine(join(dataDirectory, 'engine'), log, undefined, options.enginePatienceMs);
  try {
    const layout = await settle(engine.writer, options.layout ?? {});
    if (layout.traces !== undefined)
      throw new Error(
        `the database routescope at ${server?.shown} takes its spans from ${layout.traces}, which a Collector writes: send OTLP there, and ask with 'routescope report --clickhouse'`,
      );
    const ran = await migrate(engine.writer, layout);
    for (const id of ran) log(`migrated the database: ${id}`);
    // On a server the operator's own TTLs stay; 'routescope migrate' changes them when told to.
    if (retention !== undefined && (server === undefined || ran.length > 0))
      for (const statement of await retain(engine.writer, retention, layout)) log(statement);
    return { engine, insert: server ? insertIntoServer(engine.writer) : await insertIntoChild(engine.writer) };
  } catch (problem) {
    await engine.close();
    throw problem;
  }
}
