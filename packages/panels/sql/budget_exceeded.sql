-- 1 for a budget whose last word within a day is that it is exceeded, else 0.
SELECT
    e.name AS budget,
    toFloat64(argMax(e.state, e.at) = 'exceeded') AS value
FROM routescope.events AS e FINAL
WHERE e.kind = 'budget'
    AND e.at >= {to:DateTime} - toIntervalDay(1) AND e.at < {to:DateTime}
GROUP BY budget
ORDER BY budget
