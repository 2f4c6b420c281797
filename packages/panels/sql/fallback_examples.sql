-- The newest calls whose first answer was rejected.
SELECT
    toDateTime(c.started_at) AS time,
    c.trace_id AS trace_id,
    c.tag AS tag,
    c.first_model AS first_model,
    c.final_model AS final_model,
    c.fallback_cause AS fallback_cause,
    c.validation_name AS validation_name,
    c.session_id AS session_id,
    c.duration_s AS duration_s,
    c.cost_usd AS cost_usd
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
    AND c.checked AND c.fallback_count > 0
ORDER BY c.started_at DESC
LIMIT 50
