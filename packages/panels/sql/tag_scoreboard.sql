-- One row per job: what it does, what it costs, whether it holds up. The last hour of the range stands beside all of it,
-- and of a job with several rubrics the lowest.
SELECT
    {from:DateTime} AS time,
    t.tag AS tag,
    t.calls AS calls,
    t.fallback_rate AS fallback_rate,
    t.last_hour_fallback_rate AS last_hour_fallback_rate,
    r.lowest_score AS lowest_score,
    t.cost_per_1000_calls_usd AS cost_per_1000_calls_usd,
    t.p95_s AS p95_s,
    t.checked_calls AS checked_calls,
    t.last_hour_checked_calls AS last_hour_checked_calls,
    r.scores AS scores,
    t.priced_calls AS priced_calls
FROM
(
    SELECT
        m.tag AS tag,
        sum(m.calls) AS calls,
        sum(m.fallbacks) / nullIf(sum(m.checked), 0) AS fallback_rate,
        sumIf(m.fallbacks, m.minute >= {to:DateTime} - toIntervalHour(1)) / nullIf(sumIf(m.checked, m.minute >= {to:DateTime} - toIntervalHour(1)), 0) AS last_hour_fallback_rate,
        1000 * toFloat64(sum(m.cost_usd)) / nullIf(sum(m.priced), 0) AS cost_per_1000_calls_usd,
        quantilesTDigestMerge(0.5, 0.95, 0.99)(m.duration_s)[2] AS p95_s,
        sum(m.checked) AS checked_calls,
        sumIf(m.checked, m.minute >= {to:DateTime} - toIntervalHour(1)) AS last_hour_checked_calls,
        sum(m.priced) AS priced_calls
    FROM routescope.calls_1m AS m
    WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
    GROUP BY tag
) AS t
LEFT JOIN
(
    SELECT tag, min(mean_score) AS lowest_score, sum(scores) AS scores
    FROM
    (
        SELECT s.tag AS tag, s.name AS score_name, avg(s.value) AS mean_score, count(s.value) AS scores
        FROM routescope.scores AS s FINAL
        WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
            AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
            AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
            AND s.name NOT IN ('shown', 'human_override')
            AND s.value IS NOT NULL
        GROUP BY tag, score_name
    )
    GROUP BY tag
) AS r ON r.tag = t.tag
ORDER BY calls DESC, tag
