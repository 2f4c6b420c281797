-- Everything that was ever counted of each provider, for counters that only grow.
SELECT
    m.environment AS environment,
    m.provider AS provider,
    sum(m.attempts) AS attempts,
    sum(m.failed) AS failed_attempts
FROM routescope.attempts_1m AS m
GROUP BY environment, provider
ORDER BY environment, provider
