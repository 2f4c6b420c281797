-- How calls end.
SELECT
    addSeconds({from:DateTime}, intDiv(toUInt32(toDateTime(c.started_at)) - toUInt32({from:DateTime}), {step_s:UInt32}) * {step_s:UInt32}) AS time,
    c.outcome AS outcome,
    count() AS calls
FROM routescope.calls AS c
WHERE c.started_at >= {from:DateTime} AND c.started_at < {to:DateTime}
    AND (empty({environment:Array(String)}) OR has({environment:Array(String)}, c.environment))
    AND (empty({tag:Array(String)}) OR has({tag:Array(String)}, c.tag))
GROUP BY time, outcome
ORDER BY time, outcome
