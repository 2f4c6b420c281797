-- Everything that was ever counted of each job, for counters that only grow.
SELECT
    m.environment AS environment,
    m.tag AS tag,
    sum(m.calls) AS calls,
    sum(m.checked) AS checked_calls,
    sum(m.fallbacks) AS fallbacks,
    sum(m.failovers) AS failovers,
    sum(m.failed) AS failed_calls,
    sum(m.priced) AS priced_calls,
    toFloat64(sum(m.cost_usd)) AS cost_usd,
    toUnixTimestamp(max(m.minute)) AS newest_call
FROM routescope.calls_1m AS m
GROUP BY environment, tag
ORDER BY environment, tag
