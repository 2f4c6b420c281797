-- Calls whose first choice, below the top of the route, turned out too weak: its answer was rejected, or the answer it
-- gave was overridden by a person. With Wilson's 95 % interval; of calls that somebody judged one way or the other.
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
    SELECT c.tag AS tag, c.fallback_count > 0 OR o.call_id != '' AS is_wrong
    FROM routescope.calls AS c
    LEFT JOIN
    (
        SELECT DISTINCT s.call_id AS call_id
        FROM routescope.scores AS s FINAL
        WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime} AND s.name = 'human_override' AND s.value > 0
    ) AS o ON o.call_id = c.call_id
    WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
        AND c.checked
) AS c
GROUP BY tag
ORDER BY misclassified_share DESC, tag
