/** How long rows are kept: a TTL on each table, from three figures a person can remember. */
import type { ClickHouseClient } from '@clickhouse/client';
import { type Layout, localName, onCluster } from './layout.ts';

/** Days; undefined keeps for ever. */
export interface Retention {
  /** Spans as they came. */
  readonly traces: number | undefined;
  /** One row per call and attempt. */
  readonly calls: number | undefined;
  /** Minutes, sessions and scores. */
  readonly rollups: number | undefined;
}

/** What has no TTL (`events`, records of migrations) is small and is the history of decisions. */
const kept: readonly (readonly [table: string, time: string, keeps: keyof Retention])[] = [
  ['otel_traces', 'toDateTime(Timestamp)', 'traces'],
  ['otel_traces_trace_id_ts', 'End', 'traces'],
  ['attempts', 'toDateTime(started_at)', 'calls'],
  ['calls', 'toDateTime(started_at)', 'calls'],
  ['attempts_1m', 'minute', 'rollups'],
  ['calls_1m', 'minute', 'rollups'],
  ['versions_1h', 'hour', 'rollups'],
  ['session_units', 'toDateTime(first_call_at)', 'rollups'],
  ['units_1d', 'day', 'rollups'],
  ['versions_1d', 'day', 'rollups'],
  ['settled_days', 'day', 'rollups'],
  ['scores', 'toDateTime(call_started_at)', 'rollups'],
  ['ledger_1m', 'minute', 'rollups'],
  ['drift_evidence_10m', 'slot', 'rollups'],
];

/** Statements that give every table its TTL; `has` says which one a table has, as ClickHouse writes it. */
export function retentionStatements(
  retention: Retention,
  layout: Layout,
  has: ReadonlyMap<string, string | undefined> = new Map(),
): string[] {
  return kept.flatMap(([table, time, keeps]) => {
    if (layout.traces !== undefined && keeps === 'traces') return []; // the Collector's own business
    const days = retention[keeps];
    const name = localName(table, layout);
    const wanted = days === undefined ? undefined : `${time} + toIntervalDay(${days})`;
    if (has.get(name) === wanted) return [];
    return [
      `ALTER TABLE routescope.${name}${onCluster(layout)} ${wanted === undefined ? 'REMOVE TTL' : `MODIFY TTL ${wanted}`}`,
    ];
  });
}

/** Changes only what is not as wanted. @returns the statements that ran. */
export async function retain(writer: ClickHouseClient, retention: Retention, layout: Layout): Promise<string[]> {
  const result = await writer.query({
    query: "SELECT name, create_table_query FROM system.tables WHERE database = 'routescope'",
    format: 'JSONEachRow',
  });
  const has = new Map(
    (await result.json<{ name: string; create_table_query: string }>()).map((table) => [
      table.name,
      / TTL (.+?)(?= SETTINGS | COMMENT |$)/s.exec(table.create_table_query)?.[1],
    ]),
  );
  const statements = retentionStatements(retention, layout, has);
  for (const query of statements) await writer.command({ query });
  return statements;
}
