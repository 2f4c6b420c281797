-- The sessions that cost most.
SELECT
    toDateTime(min(c.started_at)) AS time,
    any(c.trace_id) AS trace_id,
    c.session_id AS session_id,
    sum(c.cost_usd) AS cost_usd,
    count(c.cost_usd) AS priced_calls,
    count() AS calls
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
    AND c.session_id != ''
GROUP BY session_id
HAVING priced_calls > 0
ORDER BY cost_usd DESC, session_id
LIMIT 20
