/** What the rest of the sidecar knows of ClickHouse, be it the child on this machine, a server or a cluster. */
import type { RequestOptions } from 'node:http';
import type { ClickHouseClient } from '@clickhouse/client';

export interface Engine {
  /** `child`: started by us on a directory. `server`: somebody's ClickHouse, reached by URL. */
  readonly kind: 'child' | 'server';
  /** May do everything. */
  readonly writer: ClickHouseClient;
  /** May only read. */
  readonly reader: ClickHouseClient;
  /** Where the reader's questions go as plain HTTP. */
  readonly door: Door;
  /** Process id of the child; undefined while it is being restarted, and of a server. */
  readonly pid: number | undefined;
  /** How often the child had to be started again. */
  readonly restarts: number;
  close(): Promise<void>;
}

/** ClickHouse's HTTP interface, as `node:http` and `node:https` take it. */
interface Door {
  readonly options: RequestOptions & { readonly protocol: 'http:' | 'https:' };
  /** Settings every question is asked with. */
  readonly settings: Readonly<Record<string, string>>;
}

/** An engine that may not be there yet: until it is, its clients fail with a connection error. */
export interface EngineToStart {
  readonly engine: Engine;
  /**
   * Resolves once it answers; may be called again after it failed.
   * @throws Misconfigured when trying again is of no use, another Error when it may be.
   */
  start(): Promise<void>;
}

/** Resolves with the engine once it answers; closes it when it cannot be started. @throws what its start throws. */
export async function opened({ engine, start }: EngineToStart): Promise<Engine> {
  try {
    await start();
    return engine;
  } catch (problem) {
    await engine.close();
    throw problem;
  }
}

/** Something is set up wrongly: trying again is of no use until a person has changed it. The message says what. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured';
}
