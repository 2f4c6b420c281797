-- The last day of the range against the mean day of it, and what a month of the last day would be.
WITH greatest(dateDiff('second', greatest({from:DateTime}, min(m.minute)), {to:DateTime}) / 86400, 1 / 24) AS days
SELECT
    {from:DateTime} AS time,
    sumIf(m.cost_usd, m.minute >= {to:DateTime} - toIntervalDay(1)) AS last_day_cost_usd,
    toFloat64(sum(m.cost_usd)) / days AS mean_day_cost_usd,
    30 * toFloat64(sumIf(m.cost_usd, m.minute >= {to:DateTime} - toIntervalDay(1))) AS month_at_that_pace_cost_usd,
    sum(m.priced) / sum(m.calls) AS priced_share,
    sum(m.calls) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
HAVING sum(m.priced) > 0
