import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { openEngine } from './supervise.ts';

let directory: string;
let engine: Engine;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'routescope-unkept-'));
  engine = await openEngine(directory);
  await run('CREATE DATABASE IF NOT EXISTS routescope');
  for (const table of ['entry', 'kept'])
    await run(
      `CREATE TABLE routescope.${table} (day Date, number UInt32) ENGINE = MergeTree PARTITION BY day ORDER BY number SETTINGS non_replicated_deduplication_window = 100`,
    );
  await run(
    'CREATE MATERIALIZED VIEW routescope.passes TO routescope.kept AS SELECT day, number FROM routescope.entry',
  );
});
afterEach(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const run = (query: string, clickhouse_settings = {}): Promise<unknown> =>
  engine.writer.command({ query, clickhouse_settings });
const ask = async <Row>(query: string): Promise<Row[]> =>
  (await engine.reader.query({ query, format: 'JSONEachRow' })).json();
const insert = (token: string): Promise<unknown> =>
  run(`INSERT INTO routescope.entry SELECT '2026-11-22', number FROM numbers(10)`, {
    insert_deduplicate: 1,
    deduplicate_blocks_in_dependent_materialized_views: 1,
    insert_deduplication_token: token,
  });
const rows = async (): Promise<Record<string, number>> => {
  const [counted] = await ask<Record<string, number>>(
    'SELECT toUInt32((SELECT count() FROM routescope.entry)) AS entry, toUInt32((SELECT count() FROM routescope.kept)) AS kept',
  );
  return counted as Record<string, number>;
};
const pathOf = async (table: string): Promise<string> => {
  const result = await engine.writer.query({
    query: 'SELECT data_paths[1] AS path FROM system.tables WHERE name = {table:String}',
    query_params: { table },
    format: 'JSONEachRow',
  });
  return (await result.json<{ path: string }>())[0]?.path as string;
};
const restarted = async (whileAway: () => void): Promise<void> => {
  await engine.close();
  whileAway();
  engine = await openEngine(directory);
};

test('an insert that was noted and whose part never got its name is taken when it comes again; what is held is not', async () => {
  await insert('first');
  await insert('second');
  const path = await pathOf('entry');
  // As the engine leaves it when it is killed between the note and the name.
  await restarted(() => rmSync(join(path, '20261122_2_2_0'), { recursive: true }));
  expect(await rows()).toEqual({ entry: 10, kept: 20 });
  await insert('first');
  await insert('second');
  expect(await rows()).toEqual({ entry: 20, kept: 20 });
  await restarted(() => {});
  await insert('second');
  expect(await rows()).toEqual({ entry: 20, kept: 20 });
});

test('a part that went into a larger one is held', async () => {
  for (const token of ['first', 'second', 'third']) await insert(token);
  await run('OPTIMIZE TABLE routescope.kept FINAL');
  const path = await pathOf('kept');
  await restarted(() => {
    for (const small of readdirSync(path).filter((name) => /_\d+_0$/.test(name)))
      rmSync(join(path, small), { recursive: true });
  });
  for (const token of ['first', 'second', 'third']) await insert(token);
  expect(await rows()).toEqual({ entry: 30, kept: 30 });
});

test('notes behind a torn one are read again', async () => {
  await insert('first');
  const path = await pathOf('entry');
  await restarted(() => appendFileSync(join(path, 'deduplication_logs/deduplication_log_1.txt'), '1\t2026'));
  await insert('second');
  await restarted(() => {});
  await insert('first');
  await insert('second');
  expect(await rows()).toEqual({ entry: 20, kept: 20 });
});
