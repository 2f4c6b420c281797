-- What the first rejected answer of each fallback died of.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(c.started_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    c.fallback_cause AS fallback_cause,
    count() AS fallbacks
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
    AND c.checked AND c.fallback_count > 0
GROUP BY time, fallback_cause
ORDER BY time, fallback_cause
