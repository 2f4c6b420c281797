-- The attempts of one trace, in order.
SELECT
    toDateTime(a.started_at) AS time,
    a.tag AS tag,
    a.tier AS tier,
    a.request_model AS request_model,
    a.attempt_reason AS attempt_reason,
    a.attempt_cause AS attempt_cause,
    a.outcome AS outcome,
    a.validation_result AS validation_result,
    a.error_type AS error_type,
    a.attempt_number AS attempt_number,
    a.input_tokens AS input_tokens,
    a.output_tokens AS output_tokens,
    a.duration_s AS duration_s,
    a.cost_usd AS cost_usd
FROM routescope.attempts AS a
WHERE a.trace_id = {trace_id:String}
ORDER BY a.started_at, a.attempt_number, a.step
LIMIT 500
