/**
 * Keeps the units of days that are over, counted, so that a look at a month does not count a month of sessions. Only
 * a cache: what is not settled is counted at every look, with the same result. A day that got late calls is settled
 * again.
 */
import type { ClickHouseClient } from '@clickhouse/client';

/** @param now epoch seconds. @returns the days that were settled now, as `2026-11-08`. */
export async function settle(writer: ClickHouseClient, now: number): Promise<string[]> {
  const result = await writer.query({
    query: `
      SELECT toString(c.day) AS day, toString(c.counted) AS counted
      FROM (
          SELECT toDate(minute) AS day, sum(calls) AS counted
          FROM routescope.calls_1m
          WHERE minute >= toDateTime({now:UInt32}) - toIntervalDay(30) AND minute < toStartOfDay(toDateTime({now:UInt32}, 'UTC') - toIntervalHour(1))
          GROUP BY day
      ) AS c
      LEFT JOIN (SELECT day, counted FROM routescope.settled_days FINAL) AS s ON c.day = s.day
      WHERE c.counted != s.counted
      ORDER BY day`,
    query_params: { now },
    format: 'JSONEachRow',
  });
  const days = await result.json<{ day: string; counted: string }>();
  for (let i = 0; i < days.length; i += daysAtOnce) {
    const some = days.slice(i, i + daysAtOnce);
    const query_params = { days: some.map(({ day }) => day) };
    for (const query of copies) await writer.command({ query, query_params });
    await writer.insert({
      table: 'routescope.settled_days',
      values: some.map(({ day, counted }) => ({ day, counted, settled_at: new Date().toISOString().slice(0, -1) })),
      format: 'JSONEachRow',
      clickhouse_settings: { date_time_input_format: 'best_effort' },
    });
  }
  return days.map(({ day }) => day);
}

const copies = [
  `INSERT INTO routescope.units_1d
   SELECT u.*, toFloat64(c.cost_usd) AS cost_usd, now64(6) AS settled_at
   FROM (SELECT * FROM routescope.units_1d_of_minutes WHERE day IN {days:Array(Date)}) AS u
   LEFT JOIN (
       SELECT toDate(minute) AS day, environment, tag, first_model, sum(cost_usd) AS cost_usd
       FROM routescope.calls_1m WHERE toDate(minute) IN {days:Array(Date)} GROUP BY day, environment, tag, first_model
   ) AS c USING (day, environment, tag, first_model)`,
  `INSERT INTO routescope.versions_1d
   SELECT *, now64(6) AS settled_at FROM routescope.versions_1d_of_hours WHERE day IN {days:Array(Date)}`,
];

/** A month of sessions at once would want much memory. */
const daysAtOnce = 7;
