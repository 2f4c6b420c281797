-- How the scores lie between 0 and 1, in tenths: a mean hides two humps.
SELECT
    {from:DateTime} AS time,
    concat(toString(tenth / 10), ' to ', toString((tenth + 1) / 10)) AS score_range,
    count() AS scores
FROM
(
    SELECT toUInt8(least(greatest(floor(ifNull(s.value, 0) * 10), 0), 9)) AS tenth
    FROM routescope.scores AS s FINAL
    WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
        AND s.name NOT IN ('shown', 'human_override')
        AND s.value IS NOT NULL
)
GROUP BY tenth
ORDER BY tenth
