-- Seconds since the newest call of each environment that had any in the last seven days.
SELECT
    m.environment AS environment,
    toFloat64(dateDiff('second', max(m.minute), {to:DateTime})) AS value
FROM routescope.calls_1m AS m
WHERE m.minute >= {to:DateTime} - toIntervalDay(7) AND m.minute < {to:DateTime}
GROUP BY environment
ORDER BY environment
