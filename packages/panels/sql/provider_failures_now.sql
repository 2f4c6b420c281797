-- The share of a provider's attempts that brought no answer in the last quarter of an hour; 0 below twenty attempts.
SELECT
    m.provider AS provider,
    toFloat64(if(sum(m.attempts) >= 20, sum(m.failed) / sum(m.attempts), 0)) AS value
FROM routescope.attempts_1m AS m
WHERE m.minute >= {to:DateTime} - toIntervalMinute(15) AND m.minute < {to:DateTime}
GROUP BY provider
ORDER BY provider
