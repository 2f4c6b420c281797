-- How often a cheap answer, of a first tier below the top, was wrong: rejected, overridden by a person, or scored below
-- its route's quality bar; of those that somebody looked at in one of these ways. With Wilson's 95 % interval.
WITH
    sum(is_wrong) AS k,
    count() AS n
SELECT
    {from:DateTime} AS time,
    c.tag AS tag,
    k / n AS misclassified_share,
    greatest(0, ((k / n + 1.9208 / n) - 1.96 * sqrt(k / n * (1 - k / n) / n + 0.9604 / pow(n, 2))) / (1 + 3.8416 / n)) AS low_misclassified_share,
    least(1, ((k / n + 1.9208 / n) + 1.96 * sqrt(k / n * (1 - k / n) / n + 0.9604 / pow(n, 2))) / (1 + 3.8416 / n)) AS high_misclassified_share,
    k AS misclassified_calls,
    n AS judged_calls
FROM
(
    SELECT
        c.tag AS tag,
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
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
        AND (c.checked OR (c.first_tier_rank = 0 AND c.baseline_model NOT IN ('', c.first_model)))
        AND (c.checked OR r.seen OR (r.score IS NOT NULL AND c.quality_bar IS NOT NULL AND NOT c.escalated))
) AS c
GROUP BY tag
ORDER BY misclassified_share DESC, tag
