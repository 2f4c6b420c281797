/**
 * The order of things, known only here. Built from the back to the front, so that nothing receives before everything
 * behind it stands:
 *
 *     HTTP ─ receive ─ redact ─ seen? ─ spool ─ 200 … load ─ engine ─ tables ─ query
 */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventRows } from './api/events.ts';
import { createQueryEndpoint } from './api/query.ts';
import { createRowsEndpoint } from './api/rows.ts';
import { scoreRows } from './api/scores.ts';
import { migrate } from './engine/migrate.ts';
import { type Engine, openEngine } from './engine/supervise.ts';
import { type LoadCounters, startLoader } from './load.ts';
import { createCounters, type ReceiveCounters } from './receive/counters.ts';
import { createReceiver } from './receive/http.ts';
import { createHttpServer } from './server.ts';
import { openSeen } from './spool/seen.ts';
import { openSpool } from './spool/spool.ts';

export interface SidecarOptions {
  /** Everything the sidecar keeps: `engine/`, `spool/`, `dead-letter/`. Made if absent. One sidecar per directory. */
  readonly dataDirectory: string;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes a free one. @default 4318 */
  readonly port?: number;
  /** How long spans gather before they are loaded, in ms. @default 1000 */
  readonly lingerMs?: number;
  readonly log?: (line: string) => void;
}

export interface Sidecar {
  /** Where OTLP, scores and queries go, e.g. `http://127.0.0.1:4318`. */
  readonly url: string;
  readonly engine: Engine;
  status(): SidecarStatus;
  /** Resolves when everything acknowledged by now is in the tables. */
  flush(): Promise<void>;
  /** Stops receiving, loads what is spooled, ends the engine. */
  close(): Promise<void>;
}

/** Spans: `received = stored + duplicate + rejected + queued + deadLettered`, once `recovered` is counted as received. */
export interface SidecarStatus extends Readonly<ReceiveCounters>, Readonly<LoadCounters> {
  /** On disk, not yet in the tables. */
  readonly queued: number;
  /** Found in the spool at start. */
  readonly recovered: number;
  readonly engineRestarts: number;
}

/** @throws Error with a sentence: directory in use, port taken, chdb missing. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { dataDirectory, host = '127.0.0.1', port = 4318, lingerMs = 1_000, log = () => {} } = options;
  const counters = createCounters();
  const spool = await openSpool(join(dataDirectory, 'spool'), { consumers: ['load'], log });
  const seen = await openSeen(spool);
  const recovered = spool.queued.spans;
  const engine = await openEngine(join(dataDirectory, 'engine'), log).catch(async (problem: unknown) => {
    await spool.close();
    throw problem;
  });
  for (const id of await migrate(engine.writer)) log(`migrated the database: ${id}`);
  const loader = await startLoader({
    spool,
    writer: engine.writer,
    lingerMs,
    deadLetterDirectory: join(dataDirectory, 'dead-letter'),
    log,
  });
  const receiver = createReceiver({ spool, seen, counters });

  const status = (): SidecarStatus => ({
    ...counters,
    ...loader.counters,
    queued: spool.queued.spans,
    recovered,
    engineRestarts: engine.restarts,
  });
  const server = createHttpServer(
    {
      traces: receiver.handle,
      scores: createRowsEndpoint({
        writer: engine.writer,
        table: 'routescope.scores',
        what: 'scores',
        rowsOf: scoreRows,
      }),
      events: createRowsEndpoint({
        writer: engine.writer,
        table: 'routescope.events',
        what: 'events',
        rowsOf: eventRows,
      }),
      query: createQueryEndpoint({ socketPath: engine.socketPath }),
      status: (_, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(status()));
      },
    },
    log,
  );
  try {
    await new Promise<void>((listening, failed) => server.once('error', failed).listen(port, host, listening));
  } catch (problem) {
    await loader.close();
    await Promise.all([engine.close(), spool.close()]);
    if ((problem as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw problem;
    throw new Error(
      `port ${port} on ${host} is taken: stop what listens there (another sidecar, a collector?), or choose one with --port`,
    );
  }

  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    engine,
    status,
    flush: () => loader.flush(),
    async close() {
      receiver.refuse();
      const closed = new Promise((done) => server.close(done));
      server.closeIdleConnections();
      await loader.flush();
      await loader.close();
      server.closeAllConnections();
      await closed;
      await Promise.all([engine.close(), spool.close()]);
    },
  };
}
