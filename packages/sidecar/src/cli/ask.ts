/** Where a command's questions go: the sidecar that runs, else an engine started for the occasion on its directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Ask } from '@routescope/panels';
import { askOf } from '../engine/ask.ts';
import { openServer, type Server } from '../engine/server.ts';
import { openEngine } from '../engine/supervise.ts';

export interface StoreOptions {
  readonly url: string;
  /** Bearer token of the sidecar at `url`, if it asks for one. */
  readonly token?: string | undefined;
  readonly dataDirectory: string;
  readonly explicitUrl: boolean;
  readonly explicitData: boolean;
  /** A ClickHouse server to ask itself. */
  readonly server?: Server | undefined;
  readonly log: (line: string) => void;
}

export async function withStore(options: StoreOptions, run: (ask: Ask) => Promise<void>): Promise<void> {
  if (options.server) {
    const engine = await openServer(options.server, { anyVersion: true });
    try {
      return await run(askOf(engine.reader));
    } finally {
      await engine.close();
    }
  }
  const running = !options.explicitData && (await answers(options.url, options.token));
  if (running) {
    const client = questionsTo(options.url, options.token);
    try {
      return await run(askOf(client));
    } finally {
      await client.close();
    }
  }
  if (options.explicitUrl)
    throw new Error(
      `no sidecar answers at ${options.url}: start one with 'routescope serve', or leave --url out to read the data directory`,
    );
  const directory = join(options.dataDirectory, 'engine');
  if (!existsSync(directory))
    throw new Error(
      `no sidecar answers at ${options.url} and there is no data in ${options.dataDirectory}: start one with 'routescope serve', or name the directory with --data`,
    );
  const engine = await openEngine(directory, options.log);
  try {
    await run(askOf(engine.reader));
  } finally {
    await engine.close();
  }
}

async function answers(url: string, token: string | undefined): Promise<boolean> {
  let status: number;
  try {
    const headers = bearer(token);
    status = (await fetch(new URL('/status', url), { headers, signal: AbortSignal.timeout(2_000) })).status;
  } catch {
    return false;
  }
  if (status === 401) throw new Error(wantsToken(url));
  return status === 200;
}

/** The query endpoint of a sidecar. */
export const questionsTo = (url: string, token: string | undefined): ClickHouseClient =>
  createClient({
    url,
    ...(token !== undefined && { access_token: token }),
    pathname: '/query',
    log: { level: ClickHouseLogLevel.OFF }, // every error reaches its caller, who says it once
  });

export const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

export const wantsToken = (url: string): string =>
  `the sidecar at ${url} asks for its token: give it with --token or ROUTESCOPE_TOKEN`;
