import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Engine } from './engine.ts';
import { checkLayout, type Layout, layoutOf, render } from './layout.ts';
import { migrate, migrations, preparation, settle } from './migrate.ts';
import { type Retention, retain, retentionStatements } from './retention.ts';
import { openEngine } from './supervise.ts';

/** One shard, which is this engine, and a keeper in memory: everything a cluster's tables need to be made. */
const clusterOfOne = `<clickhouse>
  <tcp_port>9000</tcp_port>
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
  <macros><shard>01</shard><replica>a</replica></macros>
  <remote_servers><one><shard><replica><host>localhost</host><port>9000</port></replica></shard></one></remote_servers>
</clickhouse>`;

const directory = mkdtempSync(join(tmpdir(), 'routescope-layout-'));
let engine: Engine;
beforeAll(async () => {
  mkdirSync(join(directory, 'config.d'), { recursive: true });
  writeFileSync(join(directory, 'config.d', 'cluster.xml'), clusterOfOne);
  engine = await openEngine(directory);
});
beforeEach(() => run('DROP DATABASE IF EXISTS routescope SYNC'));
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const run = (query: string): Promise<unknown> => engine.writer.command({ query });
const rows = async <Row>(query: string): Promise<Row[]> =>
  (await engine.writer.query({ query, format: 'JSONEachRow' })).json<Row>();
const keep: Retention = { traces: 30, calls: 90, rollups: 400 };
const statementsOf = (layout: Layout): string[] => [
  ...preparation(layout),
  ...migrations(layout).flatMap(({ statements }) => statements),
  ...retentionStatements(keep, layout),
];

test.each<[string, Layout]>([
  ['this machine', {}],
  ['a server with a storage policy', { storagePolicy: 'hot_cold' }],
  ['a cluster', { cluster: 'main', storagePolicy: 'hot_cold' }],
  ['a cluster named by a macro', { cluster: '{cluster}' }],
  ['a Collector’s traces', { traces: 'otel.otel_traces' }],
  ['a Collector’s traces on a cluster', { cluster: 'main', traces: 'otel.otel_traces_local' }],
])('every statement for %s parses in the engine', async (_, layout) => {
  for (const statement of statementsOf(layout)) {
    const parsed = await engine.writer.query({ query: `EXPLAIN AST ${statement}`, format: 'TabSeparated' });
    expect(await parsed.text(), statement).toMatch(/^(CreateQuery|AlterQuery)/);
  }
});

test('on a cluster every statement names it, every table is replicated, and every door says where a row goes', () => {
  const statements = statementsOf({ cluster: 'main', storagePolicy: 'hot_cold' });
  for (const statement of statements) expect(statement).toContain(" ON CLUSTER 'main'");
  const own = statements.filter((each) => /ENGINE = (?!Replicated)\w*MergeTree/.test(each));
  expect(own.map((each) => each.split('\n')[0])).toEqual([]);
  for (const statement of statements.filter((each) => each.includes('MergeTree('))) {
    expect(statement).toContain("storage_policy = 'hot_cold'");
    expect(statement).not.toContain('non_replicated');
  }
  for (const statement of statements.filter((each) => each.includes('MATERIALIZED VIEW')))
    expect(
      statement
        .match(/(?:TO|FROM) routescope\.\w+/g)
        ?.every((each) => /(_local| routescope\.scores_early)$/.test(each)),
    ).toBe(true); // what is on every node whole has no local part
});

test('the statements for a cluster make the tables, and its name is found again', async () => {
  const layout = { cluster: 'one' };
  // The engine on one machine runs no statements ON CLUSTER; everything else is as on a node.
  for (const statement of statementsOf(layout).filter((each) => each.startsWith('CREATE')))
    await run(statement.replace(" ON CLUSTER 'one'", ''));
  expect(await layoutOf(engine.writer)).toEqual({ cluster: 'one', traces: undefined });
  await expect(settle(engine.writer, { cluster: 'two' })).rejects.toThrow('stands on cluster one, not on cluster two');
  expect(
    await rows(
      "SELECT engine, count() AS tables FROM system.tables WHERE database = 'routescope' GROUP BY engine ORDER BY engine",
    ),
  ).toMatchObject([
    { engine: 'Distributed' },
    { engine: 'MaterializedView' },
    { engine: 'Null' },
    { engine: 'ReplicatedAggregatingMergeTree' },
    { engine: 'ReplicatedMergeTree' },
    { engine: 'ReplicatedReplacingMergeTree' },
    { engine: 'View' },
  ]);
});

test('what comes in through a cluster’s door is in the tables once, also when the insert is repeated', async () => {
  // Replicas need a server to start; their single-node kin behind the same doors and views take rows here.
  for (const statement of statementsOf({ cluster: 'one' }))
    await run(
      statement
        .replace(" ON CLUSTER 'one'", '')
        .replace(/ENGINE = Replicated(\w+)\('[^']*', '[^']*'(?:, )?/, 'ENGINE = $1(')
        .replace(/replicated_deduplication_window = (\d+), \w+ = \d+/, 'non_replicated_deduplication_window = $1'),
    );
  const insert = (token: string): Promise<unknown> =>
    engine.writer.command({
      query:
        "INSERT INTO routescope.otlp_in (span) SELECT tuple(toFixedString(unhex(leftPad(hex(number), 32, '0')), 16), toFixedString(unhex(leftPad(hex(number), 16, '0')), 8), '', '', 'chat', 3, 1795500000000000000, 1795500001000000000, [('gen_ai.operation.name', ('string_value', 'chat', false, 0, 0, tuple([]), '', ''))], [], [], ('', 0)) FROM numbers(1, 50)",
      clickhouse_settings: {
        insert_deduplication_token: token,
        deduplicate_blocks_in_dependent_materialized_views: 1,
        insert_deduplicate: 1,
        distributed_foreground_insert: 1,
      },
    });
  await insert('a/1');
  await insert('a/1');
  await insert('b/1');
  for (const [table, count] of [
    ['otel_traces', 'count()'],
    ['attempts', 'count()'],
    ['calls', 'count()'],
    ['calls_1m', 'sum(calls)'],
  ])
    expect(await rows(`SELECT toUInt32(${count}) AS n FROM routescope.${table}`), table).toEqual([{ n: 100 }]);
});

test('beside a Collector only views are added, and its spans become attempts and calls', async () => {
  await run('CREATE DATABASE otel');
  await run(
    'CREATE TABLE otel.otel_traces (Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String, SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String), ResourceAttributes Map(LowCardinality(String), String), ScopeName String, ScopeVersion String, SpanAttributes Map(LowCardinality(String), String), Duration UInt64, StatusCode LowCardinality(String), StatusMessage String, Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)), Links Nested(TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String))) ENGINE = MergeTree ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))',
  );
  await migrate(engine.writer, { traces: 'otel.otel_traces' });
  expect(await rows("SELECT name FROM system.tables WHERE database = 'routescope' AND name LIKE 'ot%'")).toEqual([]);
  expect(await layoutOf(engine.writer)).toEqual({ cluster: undefined, traces: 'otel.otel_traces' });
  expect(await migrate(engine.writer)).toEqual([]);
  await run(
    "INSERT INTO otel.otel_traces (Timestamp, TraceId, SpanId, Duration, SpanAttributes) VALUES (now64(9), 'aa', 'bb', 5, map('gen_ai.operation.name', 'chat', 'routescope.tag', 'draft'))",
  );
  expect(await rows('SELECT tag, call_id FROM routescope.calls')).toEqual([{ tag: 'draft', call_id: 'bb' }]);
});

test('retention changes what is not as wanted, and nothing else', async () => {
  await migrate(engine.writer);
  expect(await retain(engine.writer, keep, {})).toHaveLength(14);
  expect(await retain(engine.writer, keep, {})).toEqual([]);
  expect(await retain(engine.writer, { ...keep, traces: undefined, calls: 7 }, {})).toEqual([
    'ALTER TABLE routescope.otel_traces REMOVE TTL',
    'ALTER TABLE routescope.otel_traces_trace_id_ts REMOVE TTL',
    'ALTER TABLE routescope.attempts MODIFY TTL toDateTime(started_at) + toIntervalDay(7)',
    'ALTER TABLE routescope.calls MODIFY TTL toDateTime(started_at) + toIntervalDay(7)',
  ]);
});

test.each<[Layout, string]>([
  [{ cluster: "x' SYNC" }, 'is no name of a cluster'],
  [{ storagePolicy: 'a b' }, 'is no name of a storage policy'],
  [{ traces: 'otel_traces' }, 'expected DATABASE.TABLE'],
])('%j is refused', (layout, says) => {
  expect(() => checkLayout(layout)).toThrow(says);
});

test('a statement of another kind is refused, never passed on as it is', () => {
  expect(() => render('DROP TABLE routescope.calls', {})).toThrow('of no kind that can be rendered');
  expect(() =>
    render('CREATE TABLE IF NOT EXISTS routescope.new (a String)\nENGINE = MergeTree', { cluster: 'c' }),
  ).toThrow('new has no trace to be sharded by');
});
