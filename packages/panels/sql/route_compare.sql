-- Two versions of the route table, per tag: what a call costs, how long it takes, how good it is. `session_cost_share` is
-- the tag's part of what a session spends under that version.
SELECT
    c.route_version AS version,
    c.tag AS tag,
    count() AS calls,
    uniqExactIf(c.session_id, c.session_id != '') AS sessions,
    toFloat64(sum(c.cost_usd)) / nullIf(count(c.cost_usd), 0) AS cost_per_call_usd,
    toFloat64(sum(c.cost_usd)) AS cost_usd,
    toFloat64(sum(c.cost_usd)) / nullIf(sum(toFloat64(sum(c.cost_usd))) OVER (PARTITION BY version), 0) AS cost_share,
    quantile(0.5)(c.duration_s) AS p50_s,
    quantile(0.95)(c.duration_s) AS p95_s,
    countIf(c.checked AND c.fallback_count > 0) AS fallbacks,
    countIf(c.checked) AS checked_calls,
    avg(r.score) AS mean_score,
    count(r.score) AS scores
FROM routescope.calls AS c
LEFT JOIN
(
    SELECT s.call_id AS call_id, toNullable(avg(s.value)) AS score
    FROM routescope.scores AS s FINAL
    WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
        AND s.name NOT IN ('shown', 'human_override') AND s.value IS NOT NULL
    GROUP BY call_id
) AS r ON r.call_id = c.call_id
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND c.route_version IN ({before:String}, {after:String})
GROUP BY version, tag
ORDER BY tag, version
