-- How long a call took in all, by the tier that served it.
WITH quantilesTDigestMerge(0.5, 0.95, 0.99)(m.duration_s) AS percentiles_s
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.final_tier AS tier,
    percentiles_s[2] AS p95_s,
    percentiles_s[1] AS p50_s,
    percentiles_s[3] AS p99_s,
    sum(m.calls) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, tier
ORDER BY time, min(m.final_tier_rank), tier
