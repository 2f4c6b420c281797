-- The arms of one experiment, as sums over units: the session where there is one, else the call. From these sums follow
-- means per call with intervals that know that the calls of a session are alike.
SELECT
    arm,
    count() AS units,
    sum(calls) AS calls,
    dateDiff('second', min(first_at), max(last_at)) / 86400 AS days,
    [sum(priced), sum(cost_usd), sum(priced * priced), sum(cost_usd * cost_usd), sum(priced * cost_usd)] AS cost_sums,
    [sum(calls), sum(duration_s), sum(calls * calls), sum(duration_s * duration_s), sum(calls * duration_s)] AS duration_sums,
    [sum(scored), sum(score), sum(scored * scored), sum(score * score), sum(scored * score)] AS score_sums,
    [sum(checked), sum(fallbacks), sum(checked * checked), sum(fallbacks * fallbacks), sum(checked * fallbacks)] AS fallback_sums
FROM
(
    SELECT
        c.arm AS arm,
        if(c.session_id = '', c.call_id, c.session_id) AS unit,
        toFloat64(count()) AS calls,
        toFloat64(count(c.cost_usd)) AS priced,
        toFloat64(sum(ifNull(c.cost_usd, 0) + ifNull(c.decision_cost_usd, 0) + ifNull(c.validation_cost_usd, 0))) AS cost_usd,
        sum(c.duration_s) AS duration_s,
        toFloat64(count(r.score)) AS scored,
        sum(ifNull(r.score, 0)) AS score,
        toFloat64(countIf(c.checked)) AS checked,
        toFloat64(countIf(c.checked AND c.fallback_count > 0)) AS fallbacks,
        min(c.started_at) AS first_at,
        max(c.started_at) AS last_at
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
        AND c.experiment = {experiment:String}
    GROUP BY arm, unit
)
GROUP BY arm
ORDER BY arm
