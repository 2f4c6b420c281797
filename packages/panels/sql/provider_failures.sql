-- Attempts that brought no answer, by who should have given it. They say nothing about the answers, so they are no fallbacks.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.provider AS provider,
    sum(m.failed) / sum(m.attempts) AS failed_share,
    sum(m.failed) AS failed_attempts,
    sum(m.attempts) AS attempts
FROM routescope.attempts_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, provider
ORDER BY time, provider
