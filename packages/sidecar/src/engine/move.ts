/**
 * Carries the history of the engine on this machine to a server, partition by partition. Rows are sent into a staging
 * table beside the one they belong to, and then moved over as a partition: no view counts them a second time, and a
 * partition is there whole or not at all. A journal says which are done; after a crash the same command goes on.
 *
 *     (nothing)  → the staging partition is emptied and filled → "staged" → moved over → "done"
 *
 * Moving again what is moved already does nothing, so a crash behind "staged" is harmless.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { writeWhole } from '../spool/files.ts';
import type { Engine } from './engine.ts';
import { type Layout, layoutOf, localName, onCluster } from './layout.ts';

export interface Moved {
  readonly partitions: number;
  readonly rows: number;
}

export interface MoveOptions {
  readonly from: Engine;
  /** Its tables must be there. */
  readonly to: Engine;
  /** How the server is called in the journal and in sentences. */
  readonly shown: string;
  readonly journal: string;
  readonly log: (line: string) => void;
}

interface Journal {
  readonly to: string;
  readonly partitions: Record<string, 'staged' | 'done'>;
}

const rowsPerInsert = 100_000;
/** What is computed anew from the rest, or is the server's own. */
const left = ['schema_migrations', 'units_1d', 'versions_1d', 'settled_days'];

/** @throws Error when a move to another server was begun; the same call goes on where the last one ended. */
export async function move({ from, to, shown, journal: path, log }: MoveOptions): Promise<Moved> {
  const journal: Journal = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { to: shown, partitions: {} };
  if (journal.to !== shown) throw new Error(`a move to ${journal.to} was begun: finish that one first`);
  const note = async (partition: string, state: 'staged' | 'done'): Promise<void> => {
    journal.partitions[partition] = state;
    await writeWhole(dirname(path), path, JSON.stringify(journal));
  };
  await writeWhole(dirname(path), path, JSON.stringify(journal));
  const layout = (await layoutOf(to.writer)) ?? {};
  const moved = { partitions: 0, rows: 0 };
  for (const table of await tablesOf(from)) {
    // Parts and offsets are how rows are named below: they must stay while they are read.
    await from.writer.command({ query: `SYSTEM STOP MERGES routescope.${table}` });
    try {
      await moveTable(table);
    } finally {
      await from.writer.command({ query: `SYSTEM START MERGES routescope.${table}` });
    }
  }
  return moved;

  async function moveTable(table: string): Promise<void> {
    const staging = await createStaging(to, table, layout);
    for (const { partition, parts } of await partitionsOf(from, table)) {
      const key = `${table}/${partition}`;
      if (journal.partitions[key] === 'done') continue;
      const inStaging = `ALTER TABLE routescope.${staging.local}${onCluster(layout)}`;
      if (journal.partitions[key] === undefined) {
        await to.writer.command({ query: `${inStaging} DROP PARTITION ID '${partition}'` });
        for (const part of parts) await copyPart(from, to, table, staging.name, part);
        await note(key, 'staged');
      }
      await to.writer.command({
        query: `${inStaging} MOVE PARTITION ID '${partition}' TO TABLE routescope.${localName(table, layout)}`,
      });
      await note(key, 'done');
      const rows = parts.reduce((sum, part) => sum + part.rows, 0);
      moved.partitions++;
      moved.rows += rows;
      log(`${table}, partition ${partition}: ${rows} rows`);
    }
    for (const name of new Set([staging.name, staging.local]))
      await to.writer.command({ query: `DROP TABLE IF EXISTS routescope.${name}${onCluster(layout)} SYNC` });
  }
}

/** After `move`, when the history on this machine is out of the way. */
export const closeJournal = (journal: string): Promise<void> => rm(journal, { force: true });

async function tablesOf({ writer }: Engine): Promise<string[]> {
  const result = await writer.query({
    query:
      "SELECT name FROM system.tables WHERE database = 'routescope' AND engine LIKE '%MergeTree' AND name NOT IN {left:Array(String)} ORDER BY name",
    query_params: { left },
    format: 'JSONEachRow',
  });
  return (await result.json<{ name: string }>()).map(({ name }) => name);
}

interface Part {
  readonly name: string;
  readonly rows: number;
}

async function partitionsOf(
  { writer }: Engine,
  table: string,
): Promise<{ readonly partition: string; readonly parts: readonly Part[] }[]> {
  const result = await writer.query({
    query:
      "SELECT partition_id AS partition, name, rows FROM system.parts WHERE database = 'routescope' AND table = {table:String} AND active ORDER BY partition_id, name",
    query_params: { table },
    format: 'JSONEachRow',
  });
  const parts = new Map<string, Part[]>();
  for (const { partition, name, rows } of await result.json<{ partition: string; name: string; rows: string }>())
    parts.set(partition, [...(parts.get(partition) ?? []), { name, rows: Number(rows) }]);
  return [...parts].map(([partition, of]) => ({ partition, parts: of }));
}

/** A table like the one the rows go to, in every respect that moving a partition asks for. */
async function createStaging(
  { writer }: Engine,
  table: string,
  layout: Layout,
): Promise<{ readonly name: string; readonly local: string }> {
  const name = `moving_${table}`;
  const target = localName(table, layout);
  const local = target === table ? name : `${name}_local`;
  const result = await writer.query({
    query: "SELECT engine_full FROM system.tables WHERE database = 'routescope' AND name = {target:String}",
    query_params: { target },
    format: 'JSONEachRow',
  });
  const engine = (await result.json<{ engine_full: string }>())[0]?.engine_full;
  if (engine === undefined) throw new Error(`the server has no table routescope.${target}: run 'routescope migrate'`);
  // A replicated table has a place in the keeper, which holds its name.
  const own = engine.replace(/\/([^/']+)'/, (place, last: string) => (last === target ? `/${local}'` : place));
  await writer.command({
    query: `CREATE TABLE IF NOT EXISTS routescope.${local}${onCluster(layout)} AS routescope.${target} ENGINE = ${own}`,
  });
  if (local !== name)
    await writer.command({
      query: `CREATE TABLE IF NOT EXISTS routescope.${name}${onCluster(layout)} AS routescope.${table} ENGINE = ${await engineOf(writer, table, target, local)}`,
    });
  return { name, local };
}

/** The Distributed engine of the table, over the staging table instead. */
async function engineOf(writer: Engine['writer'], table: string, target: string, local: string): Promise<string> {
  const result = await writer.query({
    query: "SELECT engine_full FROM system.tables WHERE database = 'routescope' AND name = {table:String}",
    query_params: { table },
    format: 'JSONEachRow',
  });
  const [found] = await result.json<{ engine_full: string }>();
  return (found?.engine_full ?? '').replace(`'${target}'`, `'${local}'`);
}

async function copyPart(from: Engine, to: Engine, table: string, staging: string, part: Part): Promise<void> {
  const columns = await columnsOf(from, table);
  for (let offset = 0; offset < part.rows; offset += rowsPerInsert) {
    const read = await from.writer.exec({
      query: `SELECT ${columns} FROM routescope.${table} WHERE _part = {part:String} AND _part_offset >= {offset:UInt64} AND _part_offset < {end:UInt64} FORMAT Native`,
      query_params: { part: part.name, offset, end: offset + rowsPerInsert },
    });
    const written = await to.writer.exec({
      query: `INSERT INTO routescope.${staging} (${columns}) FORMAT Native`,
      values: read.stream as Readable,
      // Rows that are alike are rows all the same, and what is to be merged is merged at its place.
      clickhouse_settings: { async_insert: 0, insert_deduplicate: 0, optimize_on_insert: 0 },
    });
    for await (const _ of written.stream);
  }
}

async function columnsOf({ writer }: Engine, table: string): Promise<string> {
  const result = await writer.query({
    query:
      "SELECT name FROM system.columns WHERE database = 'routescope' AND table = {table:String} AND default_kind NOT IN ('ALIAS', 'MATERIALIZED') ORDER BY position",
    query_params: { table },
    format: 'JSONEachRow',
  });
  return (await result.json<{ name: string }>()).map(({ name }) => `\`${name}\``).join(', ');
}
