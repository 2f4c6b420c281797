-- The last day of the range against the days before it (seven, or as many as the range holds): where it grew most, first.
SELECT
    {from:DateTime} AS time,
    m.tag AS tag,
    sumIf(m.fallbacks, m.minute >= {to:DateTime} - toIntervalDay(1)) / nullIf(last_day_checked_calls, 0) AS last_day_fallback_rate,
    sumIf(m.fallbacks, m.minute < {to:DateTime} - toIntervalDay(1)) / nullIf(earlier_checked_calls, 0) AS earlier_fallback_rate,
    sumIf(m.checked, m.minute >= {to:DateTime} - toIntervalDay(1)) AS last_day_checked_calls,
    sumIf(m.checked, m.minute < {to:DateTime} - toIntervalDay(1)) AS earlier_checked_calls
FROM routescope.calls_1m AS m
WHERE m.minute >= least({from:DateTime}, {to:DateTime} - toIntervalDay(8)) AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY tag
HAVING sum(m.checked) > 0
ORDER BY last_day_fallback_rate - earlier_fallback_rate DESC, tag
