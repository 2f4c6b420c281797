-- Which tier serves how much of the traffic; a sudden shift is a change of routes, of models or of the work itself.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.final_tier AS tier,
    sum(m.calls) / sum(sum(m.calls)) OVER (PARTITION BY time) AS call_share,
    sum(m.calls) AS tier_calls,
    sum(sum(m.calls)) OVER (PARTITION BY time) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, tier
ORDER BY time, min(m.final_tier_rank), tier
