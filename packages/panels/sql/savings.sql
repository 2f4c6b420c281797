-- What routing saved: cost against the baseline cost of the same calls. Only calls with both are compared.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    1 - toFloat64(sum(m.compared_cost_usd)) / nullIf(toFloat64(sum(m.baseline_cost_usd)), 0) AS saved_share,
    if(sum(m.compared) = 0, NULL, sum(m.baseline_cost_usd) - sum(m.compared_cost_usd)) AS saved_usd,
    if(sum(m.compared) = 0, NULL, sum(m.compared_cost_usd)) AS cost_usd,
    if(sum(m.compared) = 0, NULL, sum(m.baseline_cost_usd)) AS baseline_cost_usd,
    sum(m.compared) / nullIf(sum(m.calls), 0) AS compared_share,
    sum(m.compared) AS compared_calls,
    sum(m.calls) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time
ORDER BY time
