/** `routescope forget`: deletes a session or a user from every table, and says where they may still be. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { forget, type Whom } from '../engine/forget.ts';
import { layoutOf } from '../engine/layout.ts';
import { openServer } from '../engine/server.ts';
import { reachEngine } from '../engine/supervise.ts';
import { consumer } from '../load/load.ts';
import { clickhouse, serverFrom } from './clickhouse.ts';
import { command, UsageError } from './command.ts';
import { data, json } from './options.ts';

export const forgetCommand = command({
  name: 'forget',
  summary: 'delete a session or a user from every table, and say where they may still be',
  options: {
    session: { type: 'string', value: 'ID', help: 'the session, with every trace it appears in' },
    user: { type: 'string', value: 'ID', help: 'the user (user.id and its kin), with every trace they appear in' },
    data,
    ...clickhouse,
    json,
  },
  async run({ values }, { print, log }) {
    const whom = whomOf(values.session, values.user);
    const server = serverFrom(values);
    const directory = join(values.data, 'engine');
    if (!server && !existsSync(directory))
      throw new Error(`there is no data in ${values.data}: name the directory with --data`);
    const engine = server ? await openServer(server, { anyVersion: true }) : await reachEngine(directory, log);
    let remains: readonly string[] = [];
    let forgotten: Readonly<Record<string, number>> = {};
    try {
      const layout = (await layoutOf(engine.writer)) ?? {};
      forgotten = await forget(engine.writer, whom, layout);
      remains = remainsOf(values.data, whom, layout.traces);
    } finally {
      await engine.close();
    }
    if (values.json) return print(JSON.stringify({ forgotten, remains }));
    const tables = Object.entries(forgotten);
    if (tables.length === 0) print(`no row knows this ${whom.kind}`);
    for (const [table, rows] of tables) print(`${table}: ${rows} rows deleted`);
    print('What may remain:');
    for (const each of remains) print(`- ${each}`);
  },
});

function whomOf(session: string | undefined, user: string | undefined): Whom {
  if ((session || undefined) !== undefined && user === undefined) return { kind: 'session', id: session as string };
  if ((user || undefined) !== undefined && session === undefined) return { kind: 'user', id: user as string };
  throw new UsageError('say whom: --session ID or --user ID');
}

function remainsOf(dataDirectory: string, whom: Whom, traces: string | undefined): string[] {
  const bytes = Buffer.from(whom.id);
  const holding = (name: string): string[] => {
    const directory = join(dataDirectory, name);
    const files = existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith('.seg')) : [];
    return files.map((file) => join(directory, file)).filter((path) => readFileSync(path).includes(bytes));
  };
  const cursor = join(dataDirectory, 'spool', `${consumer}.cursor`);
  const loaded = existsSync(cursor) ? Number(readFileSync(cursor, 'utf8')) : 0;
  const isLoaded = (path: string): boolean => Number.parseInt(basename(path), 10) <= loaded;
  return [
    ...holding('spool').map((path) =>
      isLoaded(path)
        ? `${path} holds the id: it is loaded, and kept up to 7 days to recognise what is sent again, and for forward targets`
        : `${path} holds the id and is not loaded yet: run this again when 'routescope status' says queued 0`,
    ),
    ...holding('dead-letter').map(
      (path) => `${path} holds the id: remove it with its .json, or 'routescope replay' puts it back`,
    ),
    ...(traces === undefined ? [] : [`${traces}, which a Collector writes: delete there what its owner must`]),
    ...(whom.kind === 'user' ? ['calls whose spans are older than spans are kept: a user is named in spans only'] : []),
    'backups, and exports people made',
    'targets of --forward (Jaeger, other collectors), which got the spans too',
    'sums by minute: they hold counts and money, no ids',
  ];
}
