-- How many calls of a job are scored by any rubric of its own.
SELECT
    {from:DateTime} AS time,
    t.tag AS tag,
    r.scored_calls / t.calls AS scored_share,
    r.scored_calls AS scored_calls,
    t.calls AS calls
FROM
(
    SELECT m.tag AS tag, sum(m.calls) AS calls
    FROM routescope.calls_1m AS m
    WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
        AND m.tag != ''
    GROUP BY tag
) AS t
LEFT JOIN
(
    SELECT s.tag AS tag, uniqExact(s.call_id) AS scored_calls
    FROM routescope.scores AS s FINAL
    WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
        AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
        AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
        AND s.name NOT IN ('shown', 'human_override')
    GROUP BY tag
) AS r ON r.tag = t.tag
ORDER BY scored_share, tag
