/** `routescope migrate`: makes or renews the tables on a ClickHouse server, or prints how. */
import { migrate, migrations, pending, preparation, settle } from '../engine/migrate.ts';
import { retain, retentionStatements } from '../engine/retention.ts';
import { openServer } from '../engine/server.ts';
import { clickhouse, layout, layoutFrom, retention, retentionFrom, serverFrom } from './clickhouse.ts';
import { command, UsageError } from './command.ts';
import { json } from './options.ts';

export const migrateCommand = command({
  name: 'migrate',
  summary: 'make the tables and views on a ClickHouse server or cluster, or print them',
  options: {
    ...clickhouse,
    ...layout,
    traces: {
      type: 'string',
      value: 'DB.TABLE',
      help: 'otel_traces that a Collector writes already: only our views and their tables are added (on a cluster: its local table)',
    },
    ...retention,
    'dry-run': { type: 'boolean', help: 'print the statements that would run; without --clickhouse, all of them' },
    json,
  },
  async run({ values }, { print }) {
    const wanted = layoutFrom(values);
    const keep = retentionFrom(values);
    const server = serverFrom(values);
    if (!server) {
      if (!values['dry-run']) throw new UsageError('say where with --clickhouse URL, or only look with --dry-run');
      const all = [
        ...preparation(wanted),
        ...migrations(wanted).flatMap(({ statements }) => statements),
        ...retentionStatements(keep, wanted),
      ];
      return print(values.json ? JSON.stringify({ statements: all }) : all.map((each) => `${each};\n`).join('\n'));
    }
    const engine = await openServer(server, { anyVersion: wanted.traces !== undefined });
    try {
      if (values['dry-run']) {
        const found = await settle(engine.writer, wanted);
        const left = await pending(engine.writer, found);
        const statements =
          left.length === 0 ? [] : [...preparation(found), ...left.flatMap((migration) => migration.statements)];
        if (values.json) return print(JSON.stringify({ statements }));
        return print(
          statements.length === 0
            ? `nothing to do: ${server.shown} has every migration`
            : statements.map((each) => `${each};\n`).join('\n'),
        );
      }
      const ran = await migrate(engine.writer, wanted);
      const kept = await retain(engine.writer, keep, await settle(engine.writer, wanted));
      if (values.json) return print(JSON.stringify({ migrations: ran, retention: kept }));
      for (const id of ran) print(`ran ${id}`);
      for (const statement of kept) print(statement);
      if (ran.length + kept.length === 0) print(`nothing to do: ${server.shown} has every migration`);
    } finally {
      await engine.close();
    }
  },
});
