/** A ClickHouse that somebody else runs: where it is, who asks, and whether it is new enough. Its password is never said. */
import { readFileSync } from 'node:fs';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { attended } from './attend.ts';
import { type Engine, type EngineToStart, Misconfigured, opened } from './engine.ts';

export interface Server {
  /** Origin without user and password, as it may be shown. */
  readonly shown: string;
  /** Origin, and the client's options as parameters (`?ch_insert_quorum=auto`); without user and password. */
  readonly url: URL;
  readonly username: string;
  readonly password: string;
}

export interface Credentials {
  /** Comes before the one in the URL. */
  readonly password?: string | undefined;
  /** A file that holds the password; comes before both. */
  readonly passwordFile?: string | undefined;
}

/**
 * @param text `http(s)://[user[:password]@]host[:port][?options]`
 * @throws Error that says what is wrong, without the text: it may hold a password.
 */
export function serverOf(text: string, { password, passwordFile }: Credentials = {}): Server {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('the ClickHouse URL cannot be read: expected http://user@host:8123 or https://user@host:8443');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(
      `the ClickHouse URL begins with ${url.protocol}//: expected http:// or https://, ClickHouse's HTTP interface (port 8123 or 8443), not its native one`,
    );
  if (!/^\/?(routescope\/?)?$/.test(url.pathname))
    throw new Error(
      `the ClickHouse URL names ${url.pathname}: everything is kept in the database routescope, leave it out`,
    );
  if (['user', 'username', 'password'].some((name) => url.searchParams.has(name)))
    throw new Error('the ClickHouse URL has user or password as a parameter: write http://user:password@host:8123');
  const own = credentialsOf(url);
  url.username = '';
  url.password = '';
  url.pathname = '/';
  return {
    shown: url.origin,
    url,
    username: own.username || 'default',
    password: passwordFile === undefined ? (password ?? own.password) : readFileSync(passwordFile, 'utf8').trimEnd(),
  };
}

function credentialsOf({ username, password }: URL): { readonly username: string; readonly password: string } {
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw new Error("the ClickHouse URL's user or password cannot be read: a percent sign in them is written %25");
  }
}

/** Caps of one question, as the child has them. `readonly = 2`: it reads, and may still choose formats and limits. */
const readerSettings = {
  readonly: '2',
  max_execution_time: 30,
  max_memory_usage: '2000000000',
  session_timezone: 'UTC',
  // On a cluster a join or an IN between two sharded tables needs all rows of the inner one on every shard.
  distributed_product_mode: 'global',
} as const;

const writerSettings = {
  session_timezone: 'UTC',
  // On a cluster an insert has happened when the shards have it, and a statement when every node has run it.
  distributed_foreground_insert: 1,
  distributed_ddl_task_timeout: '300',
  // An answer of 200 is the last word: without it an error may come behind it.
  wait_end_of_query: 1,
} as const;

/** The oldest server that is loaded into: Protobuf with an inline schema, deduplication through views. */
const oldest = { major: 26, minor: 3 };

/**
 * Resolves once the server has answered.
 * @throws Error with a sentence: nobody there, wrong password, too old.
 */
export function openServer(...given: Parameters<typeof serverAt>): Promise<Engine> {
  return opened(serverAt(...given));
}

/**
 * @param anyVersion also for servers too old to load into, for those who only add views.
 * @param lookMs how often it is asked whether a statement without an answer still runs. @default 5,000
 */
export function serverAt(
  server: Server,
  { anyVersion = false, lookMs }: { anyVersion?: boolean; lookMs?: number } = {},
): EngineToStart {
  const client = (
    clickhouse_settings: Partial<typeof readerSettings | typeof writerSettings>,
    request_timeout: number,
    enabled = true,
  ): ClickHouseClient =>
    createClient({
      url: server.url,
      username: server.username,
      password: server.password,
      request_timeout,
      max_open_connections: 16,
      keep_alive: { enabled },
      clickhouse_settings,
      log: { level: ClickHouseLogLevel.OFF }, // every error reaches its caller, who says it once
    });
  const asker = client(readerSettings, lookMs ?? 5_000, false);
  const attention = { asker, shown: server.shown, everyMs: lookMs };
  // A connection on which nothing moves for so long is given up in any case.
  const writer = attended(client(writerSettings, 3_600_000), attention);
  const reader = attended(client(readerSettings, 60_000), attention);
  let stranger: ClickHouseClient | undefined;
  return {
    async start() {
      stranger = client({}, 15_000); // an old server refuses settings it does not know before it says its version
      try {
        await checkVersion(stranger, server, anyVersion);
      } finally {
        await stranger.close();
      }
    },
    engine: {
      kind: 'server',
      writer,
      reader,
      door: {
        options: {
          protocol: server.url.protocol as 'http:' | 'https:',
          hostname: server.url.hostname.replace(/^\[|\]$/g, ''),
          port: server.url.port || (server.url.protocol === 'https:' ? 443 : 80),
          auth: `${server.username}:${server.password}`,
        },
        settings: Object.fromEntries(Object.entries(readerSettings).map(([name, value]) => [name, String(value)])),
      },
      pid: undefined,
      restarts: 0,
      close: async () => void (await Promise.all([writer.close(), reader.close(), asker.close(), stranger?.close()])),
    },
  };
}

async function checkVersion(client: ClickHouseClient, server: Server, anyVersion: boolean): Promise<void> {
  let version: string;
  try {
    const result = await client.query({ query: 'SELECT version() AS version', format: 'JSONEachRow' });
    version = (await result.json<{ version: string }>())[0]?.version ?? '';
  } catch (problem) {
    if (problem instanceof ClickHouseError && ['516', '194', '193', '192'].includes(problem.code))
      throw new Misconfigured(`ClickHouse at ${server.shown} refuses user ${server.username}: wrong name or password`);
    if (problem instanceof ClickHouseError && problem.code === '497')
      throw new Misconfigured(
        `ClickHouse at ${server.shown} lets user ${server.username} ask nothing: ${without(server.password, problem)}`,
      );
    if (/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_)/.test((problem as NodeJS.ErrnoException).code ?? ''))
      throw new Misconfigured(
        `the certificate of ClickHouse at ${server.shown} is not trusted (${(problem as Error).message}): name its authority's file in NODE_EXTRA_CA_CERTS`,
      );
    throw new Error(`ClickHouse does not answer at ${server.shown}: ${without(server.password, problem)}`);
  }
  if (!/^\d+\.\d+/.test(version))
    throw new Misconfigured(
      `what answers at ${server.shown} is no ClickHouse: name its HTTP interface, port 8123 or 8443`,
    );
  if (!anyVersion && isTooOld(version))
    throw new Misconfigured(
      `ClickHouse ${version} at ${server.shown} is too old to load into: ${oldest.major}.${oldest.minor} is the oldest. Upgrade it, or let an OpenTelemetry Collector write otel_traces there and add the views with 'routescope migrate --traces DATABASE.TABLE'`,
    );
}

export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldest.major || (major === oldest.major && minor < oldest.minor);
}

/** What went wrong, should it ever quote the password, without it. */
function without(password: string, problem: unknown): string {
  const said =
    problem instanceof Error ? problem.message || String((problem as NodeJS.ErrnoException).code) : String(problem);
  return password === '' ? said : said.replaceAll(password, '***').replaceAll(encodeURIComponent(password), '***');
}
