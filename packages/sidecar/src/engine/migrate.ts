/**
 * Brings the database to the newest schema: the numbered files of `migrations/`, in order, each of statements that may
 * run twice. A file is recorded once all of it ran; there is no half-done state to repair, it simply runs again, and
 * two sidecars may do it at the same time.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';
import { Misconfigured } from './engine.ts';
import { type Layout, layoutOf, onCluster, render } from './layout.ts';

const directory = new URL('../../migrations/', import.meta.url);

export interface Migration {
  /** File name without its ending, e.g. `0001_otel_traces`. */
  readonly id: string;
  readonly statements: readonly string[];
  /** Of the file, whatever it is rendered for. */
  readonly checksum: string;
}

/** An OTLP attribute value as the engine reads it: every variant of the oneof, and which one was set. */
const scalar =
  "Tuple(value Enum8('no' = 0, 'string_value' = 1, 'bool_value' = 2, 'int_value' = 3, 'double_value' = 4), string_value String, bool_value Bool, int_value Int64, double_value Float64)";
const anyValue = `Tuple(value Enum8('no' = 0, 'string_value' = 1, 'bool_value' = 2, 'int_value' = 3, 'double_value' = 4, 'array_value' = 5, 'kvlist_value' = 6, 'bytes_value' = 7), string_value String, bool_value Bool, int_value Int64, double_value Float64, array_value Tuple(values Array(${scalar})), kvlist_value String, bytes_value String)`;

export function migrations(layout: Layout = {}): Migration[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const sql = readFileSync(new URL(file, directory), 'utf8').replaceAll('{AnyValue}', anyValue);
      return {
        id: file.replace(/\.sql$/, ''),
        statements: statementsOf(sql).flatMap((statement) => render(statement, layout)),
        checksum: createHash('sha256').update(sql).digest('hex'),
      };
    });
}

/** Statements end with a semicolon at the end of a line, but for a comment; comment lines go. A server takes one at a time. */
function statementsOf(sql: string): string[] {
  return sql
    .replace(/^\s*--.*$/gm, '')
    .split(/;[ \t]*(?:--.*)?$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** What stands before the first migration: the database, and the table that records them. */
export const preparation = (layout: Layout): readonly string[] => [
  `CREATE DATABASE IF NOT EXISTS routescope${onCluster(layout)}`,
  ...render(
    "CREATE TABLE IF NOT EXISTS routescope.schema_migrations\n(id String, checksum String, applied_at DateTime64(3, 'UTC'))\nENGINE = MergeTree\nORDER BY id",
    layout,
  ),
];

/** Migrations that have not run on that database. @throws Error when a recorded migration is no longer the file it was. */
export async function pending(client: ClickHouseClient, layout: Layout): Promise<readonly Migration[]> {
  const done = await recorded(client);
  return migrations(layout).filter(({ id, checksum }) => {
    const before = done.get(id);
    if (before !== undefined && before !== checksum)
      throw new Misconfigured(
        `migration ${id} was changed after it ran on this database: restore the file, and put the change into a new one`,
      );
    return before === undefined;
  });
}

async function recorded(client: ClickHouseClient): Promise<ReadonlyMap<string, string>> {
  const known = await client.query({
    query: "SELECT count() AS known FROM system.tables WHERE database = 'routescope' AND name = 'schema_migrations'",
    format: 'JSONEachRow',
  });
  if (Number((await known.json<{ known: string }>())[0]?.known) === 0) return new Map();
  const rows = await client.query({
    query: 'SELECT id, any(checksum) AS checksum FROM routescope.schema_migrations GROUP BY id',
    format: 'JSONEachRow',
  });
  return new Map((await rows.json<{ id: string; checksum: string }>()).map((row) => [row.id, row.checksum]));
}

/**
 * The layout to go on with: the one the database has, else the one wanted.
 * @throws Error when both are there and differ: tables are not moved between layouts.
 */
export async function settle(client: ClickHouseClient, wanted: Layout): Promise<Layout> {
  const found = await layoutOf(client);
  if (found === undefined) return wanted;
  const saying = ({ cluster, traces }: Layout): string =>
    `${cluster === undefined ? 'on one server' : `on cluster ${cluster}`}${traces === undefined ? '' : `, fed from ${traces}`}`;
  if ((wanted.cluster ?? found.cluster) !== found.cluster || (wanted.traces ?? found.traces) !== found.traces)
    throw new Misconfigured(
      `the database routescope stands ${saying(found)}, not ${saying(wanted)}: leave the option out, or move to a new database`,
    );
  return { ...found, storagePolicy: wanted.storagePolicy };
}

/**
 * @returns the ids of the migrations that ran now.
 * @throws Error when a recorded migration is no longer the file it was, or the database stands in another layout.
 */
export async function migrate(writer: ClickHouseClient, wanted: Layout = {}): Promise<string[]> {
  const layout = await settle(writer, wanted);
  const left = await pending(writer, layout);
  if (left.length === 0) return [];
  for (const query of preparation(layout)) await writer.command({ query });
  for (const migration of left) {
    for (const query of migration.statements) await writer.command({ query });
    await writer.insert({
      table: 'routescope.schema_migrations',
      values: [
        {
          id: migration.id,
          checksum: migration.checksum,
          applied_at: new Date().toISOString().replace('T', ' ').replace('Z', ''),
        },
      ],
      format: 'JSONEachRow',
      clickhouse_settings: { async_insert: 0 },
    });
  }
  return left.map((migration) => migration.id);
}
