/**
 * The order of things, known only here. Built from the back to the front, so that nothing receives before everything
 * behind it stands:
 *
 *     HTTP ─ receive ─ redact ─ seen? ─ spool ─ 200 … load ─ engine ─ tables ─ query
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventRows } from './api/events.ts';
import { createQueryEndpoint } from './api/query.ts';
import { createRowsEndpoint, into } from './api/rows.ts';
import { intoScores, startSettling } from './api/scored.ts';
import { scoreRows } from './api/scores.ts';
import { admitting, checkExposure } from './auth.ts';
import { askOf } from './engine/ask.ts';
import { type Dropped, startCap } from './engine/cap.ts';
import type { Engine } from './engine/engine.ts';
import type { Layout } from './engine/layout.ts';
import type { Retention } from './engine/retention.ts';
import type { Server } from './engine/server.ts';
import { consumersOf, type ForwardStatus, startForwarder } from './forward/forward.ts';
import type { Target } from './forward/target.ts';
import { ledgerMetrics } from './ledger.ts';
import { startLedgerRows } from './ledger-rows.ts';
import { deadLettersIn } from './load/dead-letter.ts';
import { type LoadCounters, consumer as loadConsumer, startLoader } from './load/load.ts';
import { holdsIn } from './load/present.ts';
import { type Replayed, replay } from './load/replay.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { defaultLimits, type Limits } from './receive/body.ts';
import { Buffers } from './receive/buffers.ts';
import { createCounters, type ReceiveCounters } from './receive/counters.ts';
import type { GrpcServer } from './receive/grpc.ts';
import { createHttpEndpoint } from './receive/http.ts';
import { serveQuickly } from './receive/quick.ts';
import { createReceiver } from './receive/receiver.ts';
import { type RedactOptions, Redactor } from './redact/redactor.ts';
import { createHttpServer, isForeign } from './server.ts';
import { openSeen } from './spool/seen.ts';
import { openSpool } from './spool/spool.ts';
import { openStore } from './store.ts';
import { storeMetrics } from './store-metrics.ts';
import { startWatch, type Watch, type WatchOptions } from './watch/watch.ts';

export interface SidecarOptions {
  /** Everything the sidecar keeps: `engine/`, `spool/`, `dead-letter/`. Made if absent. One sidecar per directory. */
  readonly dataDirectory: string;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes a free one. @default 4318 */
  readonly port?: number;
  /** Of OTLP/gRPC; 0 takes a free one. @default none is opened */
  readonly grpcPort?: number;
  /** Asked of every request but the probes, as `authorization: Bearer …`. Without one only loopback is listened on. */
  readonly token?: string;
  /** Certificate chain and private key, PEM. @default plain text */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Which attributes stay or go, beside what is known to be content or looks like it. */
  readonly redact?: RedactOptions;
  readonly limits?: Limits;
  /** How long spans gather before they are loaded, in ms: fewer, larger inserts. @default 1000 */
  readonly lingerMs?: number;
  /** … or how many of them. @default 100,000 */
  readonly lingerRows?: number;
  /** An engine that does not answer for so long is killed and started again, in ms. @default 30,000 */
  readonly enginePatienceMs?: number;
  /** Bytes the tables may take; beyond them the oldest days go, raw spans first. @default 20 GiB */
  readonly maxStoreBytes?: number;
  /** Other OTLP receivers that get every span too. @default none */
  readonly forward?: readonly Target[];
  /** Bytes a forward target may be behind before it misses its oldest spans. @default 1 GiB */
  readonly forwardLagBytes?: number;
  /** What a forward target did not take for so long it misses, in ms. @default never */
  readonly forwardAgeMs?: number | undefined;
  /** Bytes not yet loaded beyond which senders are refused. @default 4 GiB */
  readonly maxSpoolBytes?: number;
  /** What could not be loaded for so long is given up, in ms. @default never */
  readonly maxSpoolAgeMs?: number | undefined;
  /** How drift is watched for, and who is told. */
  readonly watch?: WatchOptions;
  /** A ClickHouse server that takes the rows. @default the engine on this machine, in `engine/` */
  readonly server?: Server | undefined;
  /** How tables are made on a server. @default on the one server, with its own storage policy */
  readonly layout?: Layout | undefined;
  /** How long rows are kept; on a server only for tables that are made now. @default nothing is dropped by age */
  readonly retention?: Retention | undefined;
  readonly log?: (line: string) => void;
}

export interface Sidecar {
  /** Where OTLP, scores and queries go, e.g. `http://127.0.0.1:4318`. */
  readonly url: string;
  /** Of OTLP/gRPC, if it was asked for. */
  readonly grpcPort: number | undefined;
  readonly engine: Engine;
  /** The page at `/metrics`; rooms add their own to it. */
  readonly metrics: Metrics;
  readonly watch: Watch;
  status(): SidecarStatus;
  /** Resolves when everything acknowledged by now is in the tables. */
  flush(): Promise<void>;
  /** Puts dead letters back. */
  replay(): Promise<Replayed>;
  /** Stops receiving, loads what is spooled (or leaves it for the next start, if the engine does not take it soon), ends the engine. */
  close(): Promise<void>;
}

/** Spans: `received = stored + duplicate + rejected + queued + deadLettered + diverted + expired`, once `recovered` is counted as received. */
export interface SidecarStatus extends Readonly<ReceiveCounters>, Readonly<LoadCounters> {
  /** On disk, not yet in the tables. */
  readonly queued: number;
  /** Found in the spool at start. */
  readonly recovered: number;
  readonly engineRestarts: number;
  /** Where OTLP/gRPC is taken; absent when it is not. */
  readonly grpcPort: number | undefined;
  /** Bytes of the tables. */
  readonly storeBytes: number;
  /** Rows that were dropped to stay below the cap, or by the TTL. */
  readonly dropped: readonly Dropped[];
  readonly forward: readonly ForwardStatus[];
}

/** How long a stop waits for the engine to take what is spooled. */
const flushPatienceMs = 20_000;

/** @throws Error with a sentence: directory in use, port taken, chdb missing, wrong password. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const opened: (() => unknown)[] = [];
  try {
    return await start(options, opened);
  } catch (problem) {
    for (const close of opened.reverse()) await Promise.resolve(close()).catch(() => {}); // the first problem is the one to tell
    throw problem;
  }
}

/** @param opened gets what has to be closed should a later step fail. */
async function start(options: SidecarOptions, opened: (() => unknown)[]): Promise<Sidecar> {
  const { dataDirectory, host = '127.0.0.1', port = 4318, log = () => {} } = options;
  const { lingerMs = 1_000, lingerRows = 100_000, forward = [], forwardLagBytes = 1024 ** 3 } = options;
  const { grpcPort, token, tls, limits = defaultLimits } = options;
  checkExposure(host, token);
  const admits = token === undefined ? undefined : admitting(token);
  const counters = createCounters();
  const spool = await openSpool(join(dataDirectory, 'spool'), {
    consumers: [{ name: loadConsumer }, ...consumersOf(forward, forwardLagBytes)],
    lingerMs,
    segmentSpans: lingerRows,
    maxBytes: options.maxSpoolBytes ?? 4 * 1024 ** 3,
    log,
  }).catch((problem: unknown) => {
    throw unwritable(dataDirectory, problem);
  });
  opened.push(spool.close);
  const seen = await openSeen(spool);
  const recovered = spool.lag(loadConsumer).spans;
  const store = await openStore({ ...options, log }).catch((problem: unknown) => {
    throw unwritable(dataDirectory, problem);
  });
  opened.push(store.close);
  const { engine, insert } = store;
  const letters = deadLettersIn(join(dataDirectory, 'dead-letter'));
  const workDirectory = join(dataDirectory, 'work');
  const holds = holdsIn(engine.reader);
  const settling = startSettling(engine.writer, () => spool.lag(loadConsumer).spans === 0);
  const loader = startLoader({
    spool,
    insert,
    holds,
    letters,
    workDirectory,
    maxAgeMs: options.maxSpoolAgeMs,
    loaded: settling.loaded,
    log,
  });
  opened.push(loader.close);
  const forwarder = startForwarder({ spool, targets: forward, maxAgeMs: options.forwardAgeMs, log });
  opened.push(() => forwarder.close(0));
  // A server's disks are their operator's, and other sidecars' rows are on them.
  const cap =
    engine.kind === 'server'
      ? undefined
      : startCap({ writer: engine.writer, maxBytes: options.maxStoreBytes ?? 20 * 1024 ** 3, log });
  opened.push(() => cap?.close());
  const metrics = createMetrics();
  const acknowledged = metrics.histogram(
    'routescope_acknowledge_seconds',
    'From the head of an OTLP request until its answer.',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  );
  const buffers = new Buffers();
  const receiver = createReceiver({
    spool,
    seen,
    counters,
    redact: new Redactor(options.redact),
    buffers,
    limits,
    now: () => BigInt(Date.now()) * 1_000_000n,
    onLogs: settling.came,
  });
  const took = (seconds: number): void => acknowledged.observe(seconds);
  const timed = (signal: 'traces' | 'logs') => {
    const endpoint = createHttpEndpoint(signal, { receiver, buffers, limits });
    return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const began = performance.now();
      await endpoint(request, response);
      took((performance.now() - began) / 1_000);
    };
  };

  let grpc: GrpcServer | undefined;
  const status = (): SidecarStatus => ({
    ...counters,
    ...loader.counters,
    held: loader.counters.held ?? store.problem,
    queued: spool.lag(loadConsumer).spans,
    recovered,
    engineRestarts: engine.restarts,
    grpcPort: grpc?.port,
    storeBytes: cap?.bytes ?? 0,
    dropped: cap?.dropped ?? [],
    forward: forwarder.status(),
  });
  const ledgerRows = startLedgerRows({ writer: engine.writer, sidecar: spool.id, status, log });
  const watch = startWatch(engine, options.watch ?? {}, log);
  opened.push(ledgerRows.close, watch.close);
  metrics.add(...ledgerMetrics(status), ...watch.metrics, ...storeMetrics({ ask: askOf(engine.reader) }));
  const server = createHttpServer(
    {
      traces: timed('traces'),
      logs: timed('logs'),
      scores: createRowsEndpoint({
        store: intoScores(engine.writer),
        what: 'scores',
        rowsOf: scoreRows,
      }),
      events: createRowsEndpoint({
        store: into(engine.writer, 'routescope.events'),
        what: 'events',
        rowsOf: eventRows,
      }),
      query: createQueryEndpoint({ ...engine.door, version: () => versionOf(engine) }),
      status: (_, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(status()));
      },
      replay: async (_, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(await replay(letters, insert)));
      },
      metrics: metrics.handle,
      alive: (_, response) => void response.end('alive\n'),
      ready: (_, response) => answerReady(response, engine, status().held),
    },
    { log, admits, tls },
  );
  opened.push(() => server.close());
  if (!tls) {
    const mayCome = (host: string, authorization: string | undefined): boolean =>
      !isForeign({ host }, admits !== undefined) && (admits?.(authorization) ?? true);
    serveQuickly(server, { receiver, buffers, limits, admits: mayCome, took, log });
  }
  try {
    await new Promise<void>((listening, failed) => server.once('error', failed).listen(port, host, listening));
    if (grpcPort !== undefined) {
      const { startGrpcServer } = await import('./receive/grpc.ts');
      grpc = await startGrpcServer({ receiver, limits, host, port: grpcPort, admits, tls, log }).catch(() => {
        throw new Error(
          `port ${grpcPort} on ${host} is taken: stop what listens there (Jaeger, a collector?), or choose one with --grpc-port, or none with --grpc-port off`,
        );
      });
    }
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw problem;
    throw new Error(
      `port ${port} on ${host} is taken: stop what listens there (another sidecar, a collector?), or choose one with --port`,
    );
  }

  return {
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    grpcPort: grpc?.port,
    engine,
    metrics,
    watch,
    status,
    flush: () => loader.flush(),
    replay: () => replay(letters, insert),
    async close() {
      receiver.refuse();
      cap?.close();
      const closed = new Promise((done) => server.close(done));
      server.closeIdleConnections();
      await grpc?.close();
      const patience = new AbortController();
      if (store.problem === undefined)
        await Promise.race([loader.flush(), sleep(flushPatienceMs, undefined, patience).catch(() => {})]);
      patience.abort();
      await Promise.all([loader.close(), forwarder.close()]);
      const left = spool.lag(loadConsumer).spans;
      if (left > 0) log(`${left} spans stay in the spool and are loaded at the next start`);
      server.closeAllConnections();
      await closed;
      metrics.close();
      await Promise.all([watch.close(), ledgerRows.close()]);
      await Promise.all([store.close(), spool.close()]);
    },
  };
}

/** The problem, with what to do about it when it is the disk's. */
function unwritable(directory: string, problem: unknown): unknown {
  const { code = '', message } = problem as NodeJS.ErrnoException;
  if (!/^(EACCES|EDQUOT|EEXIST|EIO|ENOSPC|ENOTDIR|EPERM|EROFS)$/.test(code)) return problem;
  return new Error(
    `nothing can be kept in ${directory} (${message}): make room, or make it writable, or name another directory with --data`,
  );
}

/** Ready to be asked. Spans are taken and kept also while the engine is away, so a probe that gates senders asks `/livez`. */
async function answerReady(response: ServerResponse, engine: Engine, held: string | undefined): Promise<void> {
  const problem = held === undefined ? await silenceOf(engine) : `nothing is loaded: ${held}`;
  response.statusCode = problem ? 503 : 200;
  response.end(`${problem ?? 'ready'}\n`);
}

/** Undefined when it answers in time. */
async function silenceOf({ kind, reader }: Engine): Promise<string | undefined> {
  const { success } = await Promise.race([reader.ping(), sleep(5_000, { success: false }, { ref: false })]);
  if (success) return undefined;
  return kind === 'child' ? 'the engine is being started' : 'ClickHouse does not answer';
}

async function versionOf(engine: Engine): Promise<string> {
  const [row] = await askOf(engine.reader)('SELECT version() AS version', {});
  return (row as { version: string }).version;
}
