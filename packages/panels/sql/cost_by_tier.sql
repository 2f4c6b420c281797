-- By the tier that was paid, attempt by attempt: a fallback costs at both.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.tier AS tier,
    if(sum(m.attempts) = sum(m.unpriced), NULL, sum(m.cost_usd)) AS cost_usd,
    toUInt64(sum(m.attempts) - sum(m.unpriced)) AS priced_attempts,
    sum(m.attempts) AS attempts
FROM routescope.attempts_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, tier
ORDER BY time, min(m.tier_rank), tier
