/**
 * Keeps the units of days that are over, counted, so that a look at a month does not count a month of sessions. Only
 * a cache: what is not settled is counted at every look, with the same result. A day that got late calls is settled
 * again.
 */
import type { ClickHouseClient } from '@clickhouse/client';

/** @param now epoch seconds. @returns the days that were settled now, as `2026-11-08`, of the one or other signal. */
export async function settle(writer: ClickHouseClient, now: number): Promise<string[]> {
  const result = await writer.query({ query: unsettled, query_params: { now }, format: 'JSONEachRow' });
  const rows = await result.json<{ signal: string; day: string; counted: string }>();
  const settled = new Set<string>();
  for (const signal of new Set(rows.map((row) => row.signal))) {
    const days = rows.filter((row) => row.signal === signal);
    for (let i = 0; i < days.length; i += daysAtOnce) {
      const some = days.slice(i, i + daysAtOnce);
      const query_params = { signal, days: some.map(({ day }) => day) };
      for (const query of signal === 'fallback' ? [unitsCopy, versionsCopy] : [unitsCopy])
        await writer.command({ query, query_params });
      await writer.insert({
        table: 'routescope.settled_days',
        values: some.map((row) => ({ ...row, settled_at: new Date().toISOString().slice(0, -1) })),
        format: 'JSONEachRow',
        clickhouse_settings: { date_time_input_format: 'best_effort' },
      });
      for (const { day } of some) settled.add(day);
    }
  }
  return [...settled].sort();
}

/** Days that are over, by signal, of which more or other is known than when they were settled. */
const unsettled = `
  WITH
      toDateTime({now:UInt32}, 'UTC') - toIntervalDay(30) AS begin,
      toStartOfDay(toDateTime({now:UInt32}, 'UTC') - toIntervalHour(1)) AS end,
      calls AS
      (
          SELECT toDate(minute) AS day, toString(sum(calls)) AS counted FROM routescope.calls_1m
          WHERE minute >= begin AND minute < end GROUP BY day
      ),
      judged AS
      (
          SELECT toDate(call_started_at) AS day, concat(toString(count()), ' ', toString(max(scored_at))) AS counted FROM routescope.scores FINAL
          WHERE call_started_at >= begin AND call_started_at < end GROUP BY day
      ),
      -- Limits by which a day is counted. (Days before any are settled too: that they hold nothing need not be found out again.)
      limits AS
      (
          SELECT l.signal AS signal, d.day AS day, toString(sumIf(cityHash64(l.environment, l.tag, l.first_model, l.since, l.limit), toDate(l.since) <= d.day)) AS frozen
          FROM routescope.drift_limits AS l CROSS JOIN calls AS d GROUP BY signal, day
      )
  SELECT c.signal AS signal, toString(c.day) AS day, c.counted AS counted
  FROM
  (
      SELECT arrayJoin(['fallback', 'routing']) AS signal, day, counted FROM calls
      UNION ALL
      SELECT l.signal AS signal, l.day AS day, concat(if(l.signal IN ('latency', 'cost'), c.counted, j.counted), ' ', l.frozen) AS counted
      FROM limits AS l INNER JOIN calls AS c ON c.day = l.day LEFT JOIN judged AS j ON j.day = l.day
  ) AS c
  LEFT JOIN (SELECT signal, day, counted FROM routescope.settled_days FINAL) AS s ON s.signal = c.signal AND s.day = c.day
  WHERE c.counted != s.counted
  ORDER BY signal, day`;

const unitsCopy = `
  INSERT INTO routescope.units_1d
  SELECT u.*, toFloat64(c.cost_usd) AS cost_usd, now64(6) AS settled_at
  FROM (SELECT * FROM routescope.units_1d_of_minutes WHERE signal = {signal:String} AND day IN {days:Array(Date)}) AS u
  LEFT JOIN (
      SELECT toDate(minute) AS day, environment, tag, first_model, sum(cost_usd) AS cost_usd
      FROM routescope.calls_1m WHERE toDate(minute) IN {days:Array(Date)} GROUP BY day, environment, tag, first_model
  ) AS c USING (day, environment, tag, first_model)`;

const versionsCopy = `
  INSERT INTO routescope.versions_1d
  SELECT *, now64(6) AS settled_at FROM routescope.versions_1d_of_hours WHERE day IN {days:Array(Date)}`;

/** A month of sessions at once would want much memory. */
const daysAtOnce = 7;
