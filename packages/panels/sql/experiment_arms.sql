-- The arms of one experiment, as sums over units: the session where there is one, else the call. From these sums follow
-- means per call with intervals that know that the calls of a session are alike.
SELECT
    u.arm AS arm,
    count() AS units,
    sum(u.calls) AS calls,
    dateDiff('second', min(u.first_at), max(u.last_at)) / 86400 AS days,
    [sum(u.priced), sum(u.cost_usd), sum(u.priced * u.priced), sum(u.cost_usd * u.cost_usd), sum(u.priced * u.cost_usd)] AS cost_sums,
    [sum(u.calls), sum(u.duration_s), sum(u.calls * u.calls), sum(u.duration_s * u.duration_s), sum(u.calls * u.duration_s)] AS duration_sums,
    [sum(u.scored), sum(u.score), sum(u.scored * u.scored), sum(u.score * u.score), sum(u.scored * u.score)] AS score_sums,
    [sum(u.checked), sum(u.fallbacks), sum(u.checked * u.checked), sum(u.fallbacks * u.fallbacks), sum(u.checked * u.fallbacks)] AS fallback_sums
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
) AS u
GROUP BY arm
ORDER BY arm
