-- By what part of itself a tier's p95 rose: the last hour against the seven days before it; 0 below fifty calls in the
-- hour or five hundred before.
SELECT
    tier,
    toFloat64(if(recent_calls >= 50 AND earlier_calls >= 500, greatest(recent_p95_s / earlier_p95_s - 1, 0), 0)) AS value
FROM
(
    SELECT
        m.final_tier AS tier,
        sumIf(m.calls, m.minute >= {to:DateTime} - toIntervalHour(1)) AS recent_calls,
        sumIf(m.calls, m.minute < {to:DateTime} - toIntervalHour(1)) AS earlier_calls,
        quantilesTDigestMergeIf(0.5, 0.95, 0.99)(m.duration_s, m.minute >= {to:DateTime} - toIntervalHour(1))[2] AS recent_p95_s,
        quantilesTDigestMergeIf(0.5, 0.95, 0.99)(m.duration_s, m.minute < {to:DateTime} - toIntervalHour(1))[2] AS earlier_p95_s
    FROM routescope.calls_1m AS m
    WHERE m.minute >= {to:DateTime} - toIntervalDay(7) AND m.minute < {to:DateTime}
    GROUP BY tier
)
ORDER BY tier
