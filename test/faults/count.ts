/** What is in the tables, against what was acknowledged. */
import { createClient } from '@clickhouse/client';
import { traceIdOf } from './numbered.ts';

export interface Counted {
  /** Acknowledged and not in the tables, or in one and not in another. */
  readonly lost: number;
  /** Rows beyond one a span, in any table or rollup. */
  readonly doubled: number;
}

/** @param url of a sidecar that has loaded everything it took. */
export async function count(url: string, acknowledged: ReadonlySet<number>): Promise<Counted> {
  const client = createClient({ url, pathname: '/query' });
  const ask = async <Row>(query: string): Promise<Row[]> =>
    (await client.query({ query, format: 'JSONEachRow' })).json();
  const stored = new Set<string>();
  const size = 50_000;
  for (let from = 0; ; from += size) {
    const rows = await ask<{ TraceId: string }>(
      `SELECT DISTINCT TraceId FROM routescope.otel_traces ORDER BY TraceId LIMIT ${size} OFFSET ${from}`,
    );
    for (const { TraceId } of rows) stored.add(TraceId);
    if (rows.length < size) break;
  }
  const [rows] = await ask<Record<string, number>>(`
    SELECT
      toUInt32((SELECT count() FROM routescope.otel_traces)) AS otel_traces,
      toUInt32((SELECT count() FROM routescope.attempts)) AS attempts,
      toUInt32((SELECT count() FROM routescope.calls)) AS calls,
      toUInt32((SELECT sum(attempts) FROM routescope.attempts_1m)) AS attempts_1m,
      toUInt32((SELECT sum(calls) FROM routescope.calls_1m)) AS calls_1m`);
  await client.close();
  let lost = 0;
  for (const number of acknowledged) if (!stored.has(traceIdOf(number))) lost++;
  let doubled = 0;
  for (const many of Object.values(rows ?? {})) {
    doubled += Math.max(0, many - stored.size);
    lost += Math.max(0, stored.size - many);
  }
  return { lost, doubled };
}
