/**
 * Brings the database to the newest schema: the numbered files of `migrations/`, in order, each of statements that may
 * run twice. A file is recorded once all of it ran; there is no half-done state to repair, it simply runs again.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';

const directory = new URL('../../migrations/', import.meta.url);

export interface Migration {
  /** File name without its ending, e.g. `0001_otel_traces`. */
  readonly id: string;
  readonly statements: readonly string[];
  readonly checksum: string;
}

/** An OTLP attribute value as the engine reads it: every variant of the oneof, and which one was set. */
const scalar =
  "Tuple(value Enum8('no' = 0, 'string_value' = 1, 'bool_value' = 2, 'int_value' = 3, 'double_value' = 4), string_value String, bool_value Bool, int_value Int64, double_value Float64)";
const anyValue = `Tuple(value Enum8('no' = 0, 'string_value' = 1, 'bool_value' = 2, 'int_value' = 3, 'double_value' = 4, 'array_value' = 5, 'kvlist_value' = 6, 'bytes_value' = 7), string_value String, bool_value Bool, int_value Int64, double_value Float64, array_value Tuple(values Array(${scalar})), kvlist_value String, bytes_value String)`;

export function migrations(): Migration[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const sql = readFileSync(new URL(file, directory), 'utf8').replaceAll('{AnyValue}', anyValue);
      return {
        id: file.replace(/\.sql$/, ''),
        statements: statementsOf(sql),
        checksum: createHash('sha256').update(sql).digest('hex'),
      };
    });
}

/** Statements end with a semicolon at the end of a line; comment lines go. */
function statementsOf(sql: string): string[] {
  return sql
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/**
 * @returns the ids of the migrations that ran now.
 * @throws Error when a recorded migration is no longer the file it was.
 */
export async function migrate(writer: ClickHouseClient): Promise<string[]> {
  await writer.command({ query: 'CREATE DATABASE IF NOT EXISTS routescope' });
  await writer.command({
    query:
      "CREATE TABLE IF NOT EXISTS routescope.schema_migrations (id String, checksum String, applied_at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY id",
  });
  const recorded = await writer.query({
    query: 'SELECT id, any(checksum) AS checksum FROM routescope.schema_migrations GROUP BY id',
    format: 'JSONEachRow',
  });
  const done = new Map((await recorded.json<{ id: string; checksum: string }>()).map((row) => [row.id, row.checksum]));
  const ran: string[] = [];
  for (const migration of migrations()) {
    const checksum = done.get(migration.id);
    if (checksum === migration.checksum) continue;
    if (checksum !== undefined)
      throw new Error(
        `migration ${migration.id} was changed after it ran on this database: restore the file, and put the change into a new one`,
      );
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
    ran.push(migration.id);
  }
  return ran;
}
