/** `routescope backup` and `routescope restore`: the whole database away and back. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backup, restore } from '../engine/backup.ts';
import type { Engine } from '../engine/engine.ts';
import { layoutOf } from '../engine/layout.ts';
import { openServer, type Server } from '../engine/server.ts';
import { openEngine, reachEngine, unhurriedMs } from '../engine/supervise.ts';
import { writeWhole } from '../spool/files.ts';
import { restoreMark } from '../store.ts';
import { clickhouse, layout, serverFrom } from './clickhouse.ts';
import { command, UsageError } from './command.ts';
import { data } from './options.ts';

export const backupCommand = command({
  name: 'backup',
  summary: 'copy every table to a directory, also while the sidecar runs',
  options: {
    to: {
      type: 'string',
      value: 'PLACE',
      help: "a directory that is not there yet; of a server, in its words: Disk('backups', 'monday'), S3('https://…', 'key', 'secret')",
    },
    data,
    ...clickhouse,
  },
  async run({ values }, { print }) {
    if (values.to === undefined) throw new UsageError('say where to with --to');
    const server = serverFrom(values);
    const engine = await open(values.data, server);
    try {
      await backup(engine, values.to);
    } finally {
      await engine.close();
    }
    print(
      `every table is in ${server ? 'the place you named' : values.to}. Not in it: spans that are still spooled, dead letters, settings.`,
    );
  },
});

export const restoreCommand = command({
  name: 'restore',
  summary: 'put a backup into an empty data directory or server',
  options: {
    from: { type: 'string', value: 'PLACE', help: 'where the backup is, as it was said to backup' },
    data,
    ...clickhouse,
    cluster: { ...layout.cluster, help: 'the cluster the backup was made on' },
  },
  async run({ values }, { print, log }) {
    if (values.from === undefined) throw new UsageError('say where from with --from');
    const server = serverFrom(values);
    const directory = join(values.data, 'engine');
    const mark = restoreMark(values.data);
    const engine = server ? await openServer(server) : await openEngine(directory, { log, answerMs: unhurriedMs });
    const begins = (): unknown => (server ? undefined : writeWhole(values.data, mark, ''));
    try {
      // Half of a backup, which an earlier try left there.
      if (!server && existsSync(mark))
        await engine.writer.command({ query: 'DROP DATABASE IF EXISTS routescope SYNC' });
      await restore(engine, values.from, { cluster: values.cluster, begins });
    } catch (problem) {
      if (!server && (await layoutOf(engine.writer)) === undefined) rmSync(mark, { force: true });
      throw problem;
    } finally {
      await engine.close();
    }
    if (!server) rmSync(mark);
    print(`the tables are back ${server ? `on ${server.shown}` : `in ${values.data}`}`);
  },
});

async function open(dataDirectory: string, server: Server | undefined): Promise<Engine> {
  if (server) return openServer(server);
  const directory = join(dataDirectory, 'engine');
  if (!existsSync(directory)) throw new Error(`there is no data in ${dataDirectory}: name the directory with --data`);
  return reachEngine(directory, () => {});
}
