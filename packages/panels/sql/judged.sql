-- Every call of the range with whether a cheap answer of it was judged, and wrong. A cheap answer is one of a first tier
-- below the top. It was wrong when it was rejected, overridden by a person, or scored below its route's quality bar; it
-- is judged when somebody looked in one of these ways.
SELECT
    c.*,
    c.checked OR (c.first_tier_rank = 0 AND c.baseline_model NOT IN ('', c.first_model)) AS is_cheap,
    c.checked OR r.seen OR (r.score IS NOT NULL AND c.quality_bar IS NOT NULL AND NOT c.escalated) AS is_judged,
    c.fallback_count > 0 OR c.rerun_count > 0 OR (c.checked AND c.outcome = 'rejected') OR r.overridden
        OR ifNull(NOT c.escalated AND r.score < c.quality_bar, false) AS is_wrong
FROM routescope.calls AS c
LEFT JOIN
(
    SELECT
        s.call_id AS call_id,
        avgIf(s.value, s.name NOT IN ('shown', 'human_override')) AS score,
        countIf(s.name IN ('shown', 'human_override')) > 0 AS seen,
        countIf(s.name = 'human_override' AND s.value > 0) > 0 AS overridden
    FROM routescope.scores AS s FINAL
    WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
    GROUP BY call_id
) AS r ON r.call_id = c.call_id
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
