-- The share of a tier's calls in the last hour that took longer than all but 5 in 100 of the seven days before it; 0
-- below fifty calls in the hour or five hundred before, and within three standard errors of those 5 (arcsine scale). The
-- p95 of an hour itself swings by half with no cause; how many calls exceed a fixed limit does not.
SELECT
    tier,
    toFloat64(if(recent_calls >= 50 AND earlier_calls >= 500 AND standard_errors >= 3, slow_share, 0)) AS value
FROM
(
    SELECT
        c.final_tier AS tier,
        count() AS recent_calls,
        any(e.earlier_calls) AS earlier_calls,
        countIf(c.duration_s > e.p95_s) / recent_calls AS slow_share,
        2 * (asin(sqrt(slow_share)) - asin(sqrt(0.05))) * sqrt(recent_calls) AS standard_errors
    FROM routescope.calls AS c
    LEFT JOIN
    (
        SELECT
            m.final_tier AS tier,
            sum(m.calls) AS earlier_calls,
            quantilesTDigestMerge(0.5, 0.95, 0.99)(m.duration_s)[2] AS p95_s
        FROM routescope.calls_1m AS m
        WHERE m.minute >= {to:DateTime} - toIntervalDay(7) AND m.minute < {to:DateTime} - toIntervalHour(1)
        GROUP BY tier
    ) AS e ON e.tier = c.final_tier
    WHERE c.started_at >= {to:DateTime} - toIntervalHour(1) AND c.started_at < {to:DateTime}
    GROUP BY tier
)
ORDER BY tier
