/** How records get into the engine: one insert for one file of records. */
import { createReadStream, readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';

/** Inserts the records of the file at `path`. The same `token` again adds nothing. */
export type Insert = (path: string, token: string) => Promise<void>;

const recordSchema = readFileSync(new URL('../../spool.proto', import.meta.url), 'utf8');

/** Explicit on every insert, never the server's defaults: they differ by version. */
const insertSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  format_schema_source: 'string',
  format_schema: recordSchema,
  format_schema_message_name: 'Record',
  input_format_protobuf_oneof_presence: 1,
  // One block, so that a refused record is found before anything of the file is in a table.
  max_insert_threads: '1',
  min_insert_block_size_rows: '10000000',
  min_insert_block_size_bytes: '0',
  // The tables take the block side by side: a fifth more spans by the clock for the same CPU.
  parallel_view_processing: 1,
  // lateness.ts bounds the partitions of an insert; what is left must not fail for ever.
  throw_on_max_partitions_per_insert_block: 0,
} as const;

const columns = 'resource, scope, span, log, received_at_unix_nano';
/** Each span of a record becomes a row. */
const insertFrom = (source: string): string =>
  `INSERT INTO routescope.otlp_in (${columns}) SELECT ${columns} FROM ${source} ARRAY JOIN spans AS span`;

/** For the engine on this machine, which reads the file itself. */
export async function insertIntoChild(writer: ClickHouseClient): Promise<Insert> {
  const structure = await structureOf(writer);
  return async (path, token) => {
    await writer.command({
      query: insertFrom("file({path:String}, 'Protobuf', {structure:String})"),
      query_params: { path, structure },
      clickhouse_settings: { ...insertSettings, insert_deduplication_token: token },
    });
  };
}

/** For a server, which is sent the file. */
export async function insertIntoServer(writer: ClickHouseClient): Promise<Insert> {
  const structure = await structureOf(writer);
  return async (path, token) => {
    const { stream } = await writer.exec({
      query: `${insertFrom('input({structure:String})')} FORMAT Protobuf`,
      query_params: { structure },
      values: createReadStream(path),
      clickhouse_settings: {
        ...insertSettings,
        max_insert_block_size: '10000000',
        insert_deduplication_token: token,
      },
    });
    for await (const _ of stream); // the connection is given back once the answer is read
  };
}

/** The record's columns as `file()` and `input()` want them: those of the table it goes into, the span's repeated. */
async function structureOf(writer: ClickHouseClient): Promise<string> {
  const result = await writer.query({
    query:
      "SELECT name, type FROM system.columns WHERE database = 'routescope' AND table = 'otlp_in' ORDER BY position",
    format: 'JSONEachRow',
  });
  return (await result.json<{ name: string; type: string }>())
    .map(({ name, type }) => (name === 'span' ? `spans Array(${type})` : `${name} ${type}`))
    .join(', ');
}
