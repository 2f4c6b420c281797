-- How long until a stream begins to show, by the model that was asked.
WITH quantilesTDigestMerge(0.5, 0.95, 0.99)(m.time_to_first_chunk_s) AS percentiles_s
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.request_model AS request_model,
    percentiles_s[2] AS p95_to_first_chunk_s,
    percentiles_s[1] AS p50_to_first_chunk_s,
    sum(m.attempts) AS attempts
FROM routescope.attempts_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, request_model
HAVING isFinite(p95_to_first_chunk_s)
ORDER BY time, request_model
