/** What is in the tables, against what was acknowledged. */
import { createClient } from '@clickhouse/client';
import { callIdOf, traceIdOf } from './numbered.ts';

export interface Counted {
  /** Acknowledged and not in the tables, or in one and not in another. */
  readonly lost: number;
  /** Rows beyond one a span or evaluation result, in any table or rollup. */
  readonly doubled: number;
}

type Ask = <Row>(query: string) => Promise<Row[]>;

/** @param url of a sidecar that has loaded everything it took. */
export async function count(url: string, acknowledged: ReadonlySet<number>): Promise<Counted> {
  const client = createClient({ url, pathname: '/query' });
  const ask: Ask = async (query) => (await client.query({ query, format: 'JSONEachRow' })).json();
  const spans = await idsIn(ask, 'otel_traces', 'TraceId');
  const scores = await idsIn(ask, 'scores', 'trace_id');
  // What comes twice to wait replaces itself: it is not counted.
  const waiting = await idsIn(ask, 'scores_early', 'call_id');
  const [rows] = await ask<Record<string, number>>(`
    SELECT
      toUInt32((SELECT count() FROM routescope.otel_traces)) AS otel_traces,
      toUInt32((SELECT count() FROM routescope.attempts)) AS attempts,
      toUInt32((SELECT count() FROM routescope.calls)) AS calls,
      toUInt32((SELECT sum(attempts) FROM routescope.attempts_1m)) AS attempts_1m,
      toUInt32((SELECT sum(calls) FROM routescope.calls_1m)) AS calls_1m,
      toUInt32((SELECT count() FROM routescope.scores)) AS scores`);
  await client.close();
  let lost = 0;
  for (const number of acknowledged) {
    const id = traceIdOf(number);
    if (!spans.has(id) && !scores.has(id) && !waiting.has(callIdOf(number))) lost++;
  }
  let doubled = 0;
  for (const [table, many] of Object.entries(rows ?? {})) {
    const { size } = table === 'scores' ? scores : spans;
    doubled += Math.max(0, many - size);
    lost += Math.max(0, size - many);
  }
  return { lost, doubled };
}

async function idsIn(ask: Ask, table: string, id: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const size = 50_000;
  for (let from = 0; ; from += size) {
    const rows = await ask<{ id: string }>(
      `SELECT DISTINCT ${id} AS id FROM routescope.${table} ORDER BY id LIMIT ${size} OFFSET ${from}`,
    );
    for (const row of rows) ids.add(row.id);
    if (rows.length < size) return ids;
  }
}
