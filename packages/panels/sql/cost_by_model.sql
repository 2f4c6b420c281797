-- By the model that was paid, attempt by attempt.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.request_model AS request_model,
    if(sum(m.attempts) = sum(m.unpriced), NULL, sum(m.cost_usd)) AS cost_usd,
    toUInt64(sum(m.attempts) - sum(m.unpriced)) AS priced_attempts,
    sum(m.attempts) AS attempts
FROM routescope.attempts_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, request_model
ORDER BY time, request_model
