/**
 * Keeps the units of days that are over by half hours, so that a look at a month does not read a month of sessions. Only
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
          SELECT toDate(minute) AS day, sum(checked) AS counted
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
    await writer.command({
      query: `INSERT INTO routescope.units_30m
        SELECT day, environment, tag, first_model, m, units, fallbacks, session_units, kk, kn, nn, now64(6) AS settled_at
        FROM routescope.units_30m_of_minutes WHERE day IN {days:Array(Date)}`,
      query_params: { days: some.map(({ day }) => day) },
    });
    await writer.insert({
      table: 'routescope.settled_days',
      values: some.map(({ day, counted }) => ({ day, counted, settled_at: new Date().toISOString().slice(0, -1) })),
      format: 'JSONEachRow',
      clickhouse_settings: { date_time_input_format: 'best_effort' },
    });
  }
  return days.map(({ day }) => day);
}

/** A month of sessions at once would want much memory. */
const daysAtOnce = 7;
