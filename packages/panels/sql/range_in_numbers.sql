-- The whole range in one row: is anything off?
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    sum(m.calls) AS calls,
    if(sum(m.priced) = 0, NULL, sum(m.cost_usd)) AS cost_usd,
    1 - toFloat64(sum(m.compared_cost_usd)) / nullIf(toFloat64(sum(m.baseline_cost_usd)), 0) AS saved_share,
    sum(m.fallbacks) / nullIf(sum(m.checked), 0) AS fallback_rate,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(m.duration_s)[2] AS p95_s,
    sum(m.failed) / sum(m.calls) AS failed_share,
    sum(m.compared) AS compared_calls,
    sum(m.checked) AS checked_calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time
ORDER BY time
