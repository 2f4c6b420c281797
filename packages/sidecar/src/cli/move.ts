/** `routescope move`: carries the history of a data directory to a ClickHouse server. */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../engine/migrate.ts';
import { closeJournal, move } from '../engine/move.ts';
import { retain } from '../engine/retention.ts';
import { openServer } from '../engine/server.ts';
import { openEngine, unhurriedMs } from '../engine/supervise.ts';
import { consumer } from '../load/load.ts';
import { readCursor } from '../spool/files.ts';
import { moveJournal } from '../store.ts';
import { clickhouse, layout, layoutFrom, retention, retentionFrom, serverFrom } from './clickhouse.ts';
import { command, UsageError } from './command.ts';
import { data, json } from './options.ts';

export const moveCommand = command({
  name: 'move',
  summary: 'carry the history of a data directory to a ClickHouse server; goes on after an interruption',
  options: {
    to: { ...clickhouse.clickhouse, help: 'the server: http://user@host:8123' },
    'clickhouse-password': clickhouse['clickhouse-password'],
    'clickhouse-password-file': clickhouse['clickhouse-password-file'],
    ...layout,
    ...retention,
    data,
    json,
  },
  async run({ values }, { print, log }) {
    const server = serverFrom({ ...values, clickhouse: values.to });
    if (!server) throw new UsageError('say where to with --to URL');
    const directory = join(values.data, 'engine');
    const journal = moveJournal(values.data);
    if (!existsSync(directory)) {
      if (!existsSync(journal))
        throw new Error(`there is no history in ${values.data}: name the directory with --data`);
      await closeJournal(journal); // all was moved, and the last step of it was cut short
      return print(`the history of ${values.data} is on ${server.shown}`);
    }
    await refuseUnloaded(join(values.data, 'spool'));
    const from = await openEngine(directory, { log, lockPatienceMs: 0, answerMs: unhurriedMs });
    try {
      await migrate(from.writer);
      const to = await openServer(server);
      try {
        const wanted = layoutFrom(values);
        if ((await migrate(to.writer, wanted)).length > 0) await retain(to.writer, retentionFrom(values), wanted);
        const moved = await move({ from, to, shown: server.shown, journal, log });
        if (values.json) print(JSON.stringify(moved));
        else print(`${moved.rows} rows in ${moved.partitions} partitions moved to ${server.shown}`);
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
    const aside = `${directory}.moved-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`;
    renameSync(directory, aside);
    await closeJournal(journal);
    log(`the old tables are set aside as ${aside}: remove them when you have looked at the new ones`);
    log(`go on with: routescope serve --clickhouse ${server.shown}`);
  },
});

/** A segment may be in the tables though its cursor does not say so yet: loaded on the server again, it would be twice. */
async function refuseUnloaded(spool: string): Promise<void> {
  if (!existsSync(spool)) return;
  const loaded = (await readCursor(spool, consumer)) ?? 0;
  const waiting = readdirSync(spool).filter((file) => file.endsWith('.seg') && Number.parseInt(file, 10) > loaded);
  if (waiting.length > 0)
    throw new Error(
      `${waiting.length} segments in ${spool} are not loaded yet: start 'routescope serve' once more, stop it when 'routescope status' says queued 0, and move then`,
    );
}
