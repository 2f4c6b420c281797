-- Call by call, the newest first.
SELECT
    toDateTime(c.started_at) AS time,
    c.trace_id AS trace_id,
    c.tag AS tag,
    c.first_model AS first_model,
    c.final_tier AS tier,
    c.final_model AS final_model,
    c.outcome AS outcome,
    c.validation_result AS validation_result,
    concat(c.fallback_cause, c.failover_cause) AS cause,
    c.session_id AS session_id,
    c.attempt_count AS attempts,
    c.duration_s AS duration_s,
    c.cost_usd AS cost_usd
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
    AND (empty({tier:Array(String)}) OR has({tier:Array(String)}, c.final_tier))
    AND (empty({route_version:Array(String)}) OR has({route_version:Array(String)}, c.route_version))
ORDER BY c.started_at DESC
LIMIT 200
