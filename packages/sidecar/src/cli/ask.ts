/** Where a command's questions go: the sidecar that runs, else an engine started for the occasion on its directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Ask } from '@routescope/panels';
import { askOf } from '../engine/ask.ts';
import { openServer, type Server } from '../engine/server.ts';
import { openEngine } from '../engine/supervise.ts';
import { UsageError } from './command.ts';

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
  const engine = await openEngine(directory, { log: options.log });
  try {
    await run(askOf(engine.reader));
  } finally {
    await engine.close();
  }
}

async function answers(url: string, token: string | undefined): Promise<boolean> {
  const answer = await knock(url, '/status', token, { patienceMs: 2_000 });
  if (answer?.status === 401) throw new Error(wantsToken(url));
  return answer?.status === 200;
}

/**
 * Asks a sidecar. Undefined when nobody answers there.
 * @throws UsageError when that is no address; Error when somebody answers whose certificate is not trusted.
 */
export async function knock(
  sidecar: string,
  path: string,
  token: string | undefined,
  { method = 'GET', patienceMs = 600_000 } = {},
): Promise<Response | undefined> {
  if (!/^https?:/.test(sidecar) || !URL.canParse(sidecar))
    throw new UsageError(`--url ${sidecar}: expected the sidecar's address, as in http://127.0.0.1:4318`);
  try {
    return await fetch(new URL(path, sidecar), {
      method,
      headers: bearer(token),
      signal: AbortSignal.timeout(patienceMs),
    });
  } catch (problem) {
    const { code = '' } = ((problem as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (!/CERT|SELF_SIGNED|^ERR_TLS|^UNABLE_TO/.test(code)) return undefined;
    throw new Error(
      `the certificate of ${sidecar} is not trusted (${code}): name the file of its authority in NODE_EXTRA_CA_CERTS`,
    );
  }
}

export const nobodyAt = (url: string): string =>
  `no sidecar answers at ${url}: start one with 'routescope serve', or name another with --url`;

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
