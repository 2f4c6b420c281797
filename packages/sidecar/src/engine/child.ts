/**
 * The embedded engine: a process of its own that holds the data directory and speaks ClickHouse's HTTP interface on a
 * private unix socket, so that `@clickhouse/client` is the only driver for embedded and server alike.
 *
 * Started by supervise.ts as `node child.js DATA_DIRECTORY SOCKET`. It ends with its parent: a crash here, an
 * out-of-memory kill or a `kill -9` of the sidecar never leaves it holding the directory.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { Turns } from './turns.ts';
import { forgetUnkept } from './unkept.ts';

/** Who asks. Sent as the user name; the socket is private, so the name is trusted. */
const roles = ['reader', 'writer'] as const;
type Role = (typeof roles)[number];

/** One writer, so that inserts keep their order; two readers, so that libuv's four threads are never all queries. */
const turns: Readonly<Record<Role, Turns>> = { writer: new Turns(1, 64), reader: new Turns(2, 64) };

/** Caps of one query. UTC for reader and writer alike: the engine would otherwise take the machine's zone for days. */
const sessionSettings: Readonly<Record<Role, string>> = {
  writer: "session_timezone = 'UTC', max_memory_usage = 4000000000, max_threads = 2, fsync_metadata = 1",
  reader: "session_timezone = 'UTC', max_memory_usage = 2000000000, max_execution_time = 30, max_threads = 2",
};

/** Parameters of the HTTP interface that are no settings of the engine. */
const httpOnly = new Set(
  'query database default_format query_id session_id session_timeout session_check user password role compress decompress enable_http_compression wait_end_of_query buffer_size send_progress_in_http_headers http_headers_progress_interval_ms client_protocol_version quota_key'.split(
    ' ',
  ),
);

const statusOf: Readonly<Record<number, number>> = {
  47: 404,
  60: 404,
  81: 404,
  62: 400,
  159: 408,
  202: 503,
  497: 403,
  516: 403,
};

const [dataDirectory, socket] = process.argv.slice(2);
if (dataDirectory === undefined || socket === undefined) throw new Error('usage: child.js DATA_DIRECTORY SOCKET');

// Before anything that takes time. The engine's own exit handlers may wait for its threads, so none of them is run.
const endWithParent = (): void => void process.kill(process.pid, 'SIGKILL');
process.on('disconnect', endWithParent);
if (!process.connected) endWithParent(); // it went while the engine's library was loaded: that event was nobody's

// Ctrl-C, and whoever stops a service, reach the whole group: the sidecar decides when the engine may go, and says so.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

// Answering senders comes first, and so does the app beside us: threads the engine starts from here on inherit this.
setPriority(10);

const connectionArgs = [`--config-file=${writeConfiguration(dataDirectory)}`];
// This session holds the directory for the life of the process; a second process on it fails here, with code 76.
const holder = new Session(dataDirectory, { connectionArgs });
forgetUnkept((sql) => holder.query(sql, 'JSONEachRow'));

const server = createServer((request, response) => {
  void answer(request, response).catch((error: unknown) => refuse(response, error));
});
rmSync(socket, { force: true });
server.listen(socket, () => process.send?.('ready'));

process.once('message', () => {
  server.close();
  holder.close();
  process.exit(0);
});

/** Two roles on the one user there is: what a reader may not do is refused by the engine, not by us. */
function writeConfiguration(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const users = join(directory, 'users.xml');
  const config = join(directory, 'config.xml');
  writeFileSync(
    users,
    `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles>
    <reader><grants><query>GRANT SELECT, SHOW ON routescope.*</query></grants></reader>
    <writer><grants><query>GRANT ALL ON *.*</query></grants></writer>
  </roles>
  <users><default>
    <password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT reader</query><query>GRANT writer</query></grants>
  </default></users>
</clickhouse>
`,
  );
  writeFileSync(
    config,
    `<clickhouse>
  <users_config>${xml(users)}</users_config>
  <logger><level>error</level></logger>
  <backups><allowed_path>/</allowed_path></backups>
  <!-- A higher base merges later and more at once: a quarter less CPU for a few more parts to read. -->
  <merge_tree><fsync_after_insert>1</fsync_after_insert><fsync_part_directory>1</fsync_part_directory><merge_selector_base>12</merge_selector_base></merge_tree>
</clickhouse>
`,
  );
  return config;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  if (url.pathname === '/ping') {
    response.end('Ok.\n');
    return;
  }
  const body = await readBody(request);
  const query = url.searchParams.get('query') ?? '';
  const rows = body.length > 0 && binaryInsert.test(query) ? `${socket}.${++files}.rows` : undefined;
  const sql = rows
    ? fromFile(query, rows)
    : [query, body.toString('utf8')].filter(Boolean).join('\n').replace(/;\s*$/, '');
  // Behind a port it stands for a server, where one user does both.
  const role = url.searchParams.has('readonly') ? 'reader' : roleOf(request.headers.authorization);
  const room = /^\s*BACKUP\b/i.test(sql) ? turns.reader : turns[role]; // it may take long, and writes into no table
  const result = await room.run(async () => {
    // Who gave up may have asked again, or have put other rows into the file since.
    if (request.socket.destroyed) throw new Error('nobody waits for the answer any more');
    const session = new Session(dataDirectory as string, { connectionArgs });
    try {
      if (rows) await writeFile(rows, body, { mode: 0o600 });
      session.query(`SET ROLE ${role}`);
      session.query(`SET ${[sessionSettings[role], ...settingsOf(url.searchParams)].join(', ')}`);
      const format = url.searchParams.get('default_format') ?? 'TabSeparated';
      return Buffer.from((await session.queryAsync(sql, { format })).bytes());
    } finally {
      session.close();
      if (rows) rmSync(rows, { force: true });
    }
  });
  response.writeHead(200, {
    'content-length': result.length,
    'x-clickhouse-query-id': url.searchParams.get('query_id') ?? '',
  });
  response.end(result);
}

/** An insert whose rows, in the body, are no text: the engine's library takes those from a file only. */
const binaryInsert = /\s+FORMAT\s+(Protobuf|Native|RowBinary)\s*$/;
let files = 0;

/** The same insert with its rows in a file. */
function fromFile(query: string, path: string): string {
  const [end, format] = binaryInsert.exec(query) as RegExpExecArray;
  const insert = query.slice(0, -end.length);
  return insert.includes(' input(')
    ? insert.replace(' input(', ` file('${path}', '${format}', `)
    : `${insert} FROM INFILE '${path}' FORMAT ${format}`;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function roleOf(authorization: string | undefined): Role {
  const user = Buffer.from(authorization?.replace(/^Basic /, '') ?? '', 'base64')
    .toString('utf8')
    .split(':')[0];
  return user === 'writer' ? 'writer' : 'reader';
}

/** `name = 'value'` for every setting and bound parameter of the request; a session of its own, so nothing leaks. */
function settingsOf(parameters: URLSearchParams): string[] {
  const settings: string[] = [];
  for (const [name, value] of parameters) {
    if (httpOnly.has(name)) continue;
    if (!/^\w+$/.test(name))
      throw new Error(`Code: 115. DB::Exception: ${JSON.stringify(name)} is no setting. (UNKNOWN_SETTING)`);
    settings.push(`${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`);
  }
  return settings;
}

function refuse(response: ServerResponse, error: unknown): void {
  const code =
    (error as { clickhouseCode?: number }).clickhouseCode ?? Number(/Code: (\d+)/.exec(String(error))?.[1] ?? 1002);
  const message = error instanceof Error ? error.message : String(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(statusOf[code] ?? 500, { 'x-clickhouse-exception-code': code });
  response.end(message.replace(/^Query failed: /, ''));
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
