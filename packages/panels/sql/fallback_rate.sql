-- How often the first choice's answer was not good enough, of the calls where somebody looked. Providers' failures are
-- another series over another denominator: they say nothing about the model's answers.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(m.minute) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    m.tag AS tag,
    sum(m.fallbacks) / nullIf(sum(m.checked), 0) AS fallback_rate,
    sum(m.fallbacks) AS fallbacks,
    sum(m.checked) AS checked_calls,
    sum(m.failovers) / nullIf(sum(m.calls), 0) AS failover_rate,
    sum(m.failovers) AS failovers,
    sum(m.calls) AS calls
FROM routescope.calls_1m AS m
WHERE m.minute >= {from:DateTime} AND m.minute < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, m.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, m.tag))
GROUP BY time, tag
ORDER BY time, tag
