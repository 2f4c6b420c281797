-- Where to read what went wrong.
SELECT
    toDateTime(s.call_started_at) AS time,
    s.trace_id AS trace_id,
    s.tag AS tag,
    s.name AS score_name,
    s.tier AS tier,
    s.model AS model,
    s.scorer AS scorer,
    s.value AS score
FROM routescope.scores AS s FINAL
WHERE s.call_started_at >= {from:DateTime} AND s.call_started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, s.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, s.tag))
    AND s.name NOT IN ('shown', 'human_override')
    AND s.value IS NOT NULL
ORDER BY s.value, s.call_started_at DESC
LIMIT 50
